/// What every request meets: limits, access, errors in one shape, files of the page.
package dev.heddle.server.http;
