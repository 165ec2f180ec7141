// The server, as the page sees it.

const KEY = 'heddle.key';
let askForKey = async () => null;

/** Tells what to do when the server wants a key: a function that resolves to one, or to null. */
export function onKeyNeeded(ask) {
  askForKey = ask;
}

/** An error the server reported, in words. */
export class ServerError extends Error {}

async function request(path, options = {}) {
  for (;;) {
    const key = sessionStorage.getItem(KEY);
    const headers = {...(options.body ? {'Content-Type': 'application/json'} : {}), ...(key ? {Authorization: `Bearer ${key}`} : {})};
    let response;
    try {
      response = await fetch(path, {...options, headers});
    } catch (e) {
      if (e.name === 'AbortError') throw e;
      throw new ServerError('The server does not answer. Is it still running?');
    }
    if (response.ok) return response;
    if (response.status === 401) {
      const given = await askForKey();
      if (given === null) throw new ServerError('This server asks for a key.');
      sessionStorage.setItem(KEY, given);
      continue;
    }
    throw new ServerError(await message(response));
  }
}

async function message(response) {
  const wait = response.headers.get('Retry-After');
  let text = `The server answered ${response.status}.`;
  try {
    text = (await response.json()).error.message;
  } catch {
    // no body of the usual shape: the status says it
  }
  return response.status === 429 && wait ? `${text} (try again in ${wait} s)` : text;
}

export async function models() {
  return (await (await request('heddle/models')).json()).models;
}

export async function stats() {
  return (await request('heddle/stats')).json();
}

export async function trace(model, text) {
  return (await request('heddle/trace', {method: 'POST', body: JSON.stringify({model, text})})).json();
}

/** Streams an answer: an asynchronous sequence of chunks as OpenAI's API has them. */
export async function* chat(body, signal) {
  const response = await request('v1/chat/completions', {
    method: 'POST', signal, body: JSON.stringify({...body, stream: true, stream_options: {include_usage: true}}),
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const {done, value} = await reader.read();
    if (done) throw new ServerError('The server closed the connection in the middle of an answer.');
    rest += value;
    let end;
    while ((end = rest.search(/\r?\n\r?\n/)) >= 0) {
      const event = rest.slice(0, end);
      rest = rest.slice(end).replace(/^\r?\n\r?\n/, '');
      const data = event.split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trimStart()).join('\n');
      if (data === '') continue;
      if (data === '[DONE]') return;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new ServerError(chunk.error.message);
      yield chunk;
    }
  }
}
