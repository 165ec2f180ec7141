package dev.heddle.server.http;

import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Watches over connections: closes those that take too long to say what they want or to hear the answer, and tells
/// whoever answers when its client has gone.
///
/// The HTTP library reads and answers each connection on a virtual thread of its own, which is how a request finds its
/// connection here.
public final class Connections implements Http1ConnectionListener, AutoCloseable {
    private static final Duration SWEEP = Duration.ofMillis(500);

    /// What a connection does. Only what may not take long has a limit.
    private enum Phase { IDLE, HEADERS, EXCHANGE, ANSWER }

    /// One connection.
    public final class Connection {
        private final ConnectionContext context;
        private volatile Phase phase = Phase.IDLE;
        private volatile long since;

        private Connection(ConnectionContext context) {
            this.context = context;
        }

        private void enter(Phase next) {
            since = System.nanoTime();
            phase = next;
            if (next == Phase.IDLE || next == Phase.ANSWER) {
                limited.remove(this);
            } else {
                limited.add(this);
            }
        }

        /// The answer takes as long as it takes, except for what is written within [#writing].
        public void answering() {
            enter(Phase.ANSWER);
        }

        /// Runs a write that the client must not hold up for ever.
        public void writing(Runnable write) {
            enter(Phase.EXCHANGE);
            try {
                write.run();
            } finally {
                enter(Phase.ANSWER);
            }
        }

        /// Ends the connection.
        public void close() {
            limited.remove(this);
            try {
                context.serverSocket().close();
            } catch (RuntimeException e) {
                // it is closed already
            }
        }

        /// Calls `gone` when the client closes the connection. From here on the connection serves no other request and
        /// must be closed at the end.
        public void whenGone(Runnable gone) {
            Thread.ofVirtual().name("heddle-client-watch").start(() -> {
                current.set(this);
                while (true) {
                    try {
                        context.dataReader().ensureAvailable();
                        // a further request, which this connection does not serve
                        return;
                    } catch (RuntimeException e) {
                        if (!isTimeout(e)) {
                            gone.run();
                            return;
                        }
                    }
                }
            });
        }
    }

    private final ThreadLocal<Connection> current = new ThreadLocal<>();
    private final Set<Connection> limited = ConcurrentHashMap.newKeySet();
    private final Duration headerLimit;
    private final Duration exchangeLimit;
    private final Thread sweeper;

    Connections(ServerOptions options) {
        headerLimit = options.headerTimeout();
        exchangeLimit = options.bodyTimeout();
        sweeper = Thread.ofVirtual().name("heddle-connection-limits").start(this::sweep);
    }

    /// The connection of the request that this thread answers.
    public Connection current() {
        return current.get();
    }

    private Connection of(ConnectionContext context) {
        Connection connection = current.get();
        if (connection == null) {
            connection = new Connection(context);
            current.set(connection);
        }
        return connection;
    }

    @Override
    public void data(ConnectionContext context, byte[] data, int position, int length) {
        Connection connection = of(context);
        if (connection.phase == Phase.IDLE) {
            connection.enter(Phase.HEADERS);
        }
    }

    @Override
    public void prologue(ConnectionContext context, HttpPrologue prologue) {
        Connection connection = of(context);
        if (connection.phase != Phase.HEADERS) {
            connection.enter(Phase.HEADERS);
        }
    }

    @Override
    public void headers(ConnectionContext context, Headers headers) {
        of(context).enter(Phase.EXCHANGE);
    }

    /// The request of this thread has been answered.
    void done() {
        Connection connection = current.get();
        if (connection != null) {
            connection.enter(Phase.IDLE);
        }
    }

    private void sweep() {
        try {
            while (true) {
                Thread.sleep(SWEEP);
                long now = System.nanoTime();
                for (Connection connection : limited) {
                    Duration limit = connection.phase == Phase.HEADERS ? headerLimit : exchangeLimit;
                    if (now - connection.since > limit.toNanos()) {
                        connection.close();
                    }
                }
            }
        } catch (InterruptedException e) {
            // the server has stopped
        }
    }

    private static boolean isTimeout(Throwable thrown) {
        for (Throwable at = thrown; at != null; at = at.getCause()) {
            if (at instanceof SocketTimeoutException) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() {
        sweeper.interrupt();
    }
}
