// Markdown to elements, for what language models write: headings, lists, tables, quotes, code. No markup passes through.

import {h} from './dom.js';

const BULLET = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;

/** The text as elements. */
export function markdown(text) {
  return blocks(text.replaceAll('\r\n', '\n').split('\n'));
}

function blocks(lines) {
  const out = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    const fence = line.match(/^\s*(`{3,}|~{3,})\s*([^`]*)$/);
    if (fence) {
      const code = [];
      i++;
      while (i < lines.length && !lines[i].trimStart().startsWith(fence[1])) code.push(lines[i++]);
      i++;
      out.push(codeBlock(code.join('\n'), fence[2].trim()));
    } else if (line.trim() === '') {
      i++;
    } else if (/^#{1,6}\s/.test(line)) {
      const level = line.match(/^#+/)[0].length;
      out.push(h(`h${Math.min(6, level + 2)}`, {}, inline(line.slice(level).replace(/\s#+\s*$/, '').trim())));
      i++;
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      out.push(h('hr'));
      i++;
    } else if (/^\s*>/.test(line)) {
      const quoted = [];
      while (i < lines.length && /^\s*>/.test(lines[i])) quoted.push(lines[i++].replace(/^\s*>\s?/, ''));
      out.push(h('blockquote', {}, blocks(quoted)));
    } else if (BULLET.test(line)) {
      const [list, next] = listAt(lines, i);
      out.push(list);
      i = next;
    } else if (line.includes('|') && i + 1 < lines.length && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[i + 1]) && lines[i + 1].includes('-')) {
      const rows = [];
      const heads = cells(line);
      const align = cells(lines[i + 1]).map((c) => (c.endsWith(':') ? (c.startsWith(':') ? 'center' : 'right') : 'left'));
      i += 2;
      while (i < lines.length && lines[i].includes('|') && lines[i].trim() !== '') rows.push(cells(lines[i++]));
      const row = (tag, values) => h('tr', {}, heads.map((_, c) => h(tag, {class: `to-${align[c] ?? 'left'}`}, inline(values[c] ?? ''))));
      out.push(h('div', {class: 'scroll'}, h('table', {}, h('thead', {}, row('th', heads)), h('tbody', {}, rows.map((r) => row('td', r))))));
    } else {
      const paragraph = [];
      while (i < lines.length && lines[i].trim() !== '' && (paragraph.length === 0 || !starts(lines[i]))) paragraph.push(lines[i++]);
      const parts = [];
      paragraph.forEach((l, n) => {
        if (n > 0) parts.push(/ {2,}$|\\$/.test(paragraph[n - 1]) ? h('br') : '\n');
        parts.push(...inline(l.replace(/\\$/, '').trim()));
      });
      out.push(h('p', {}, parts));
    }
  }
  return out;
}

const starts = (line) => /^\s*(`{3,}|~{3,}|>)|^#{1,6}\s/.test(line) || BULLET.test(line);

function listAt(lines, i) {
  const first = lines[i].match(BULLET);
  const ordered = /\d/.test(first[2]);
  const indent = first[1].length;
  const items = [];
  while (i < lines.length) {
    const match = lines[i].match(BULLET);
    if (!match || match[1].length < indent || (match[1].length < indent + 2 && /\d/.test(match[2]) !== ordered)) break;
    const deep = match[1].length + match[2].length + 1;
    const body = [match[3]];
    i++;
    while (i < lines.length) {
      const next = lines[i].match(BULLET);
      const spaces = lines[i].match(/^\s*/)[0].length;
      if (lines[i].trim() === '') {
        if (i + 1 < lines.length && lines[i + 1].match(/^\s*/)[0].length > indent && lines[i + 1].trim() !== '') body.push('');
        else break;
      } else if (next ? spaces > indent + 1 : spaces > indent) {
        body.push(lines[i].slice(Math.min(spaces, deep)));
      } else break;
      i++;
    }
    items.push(h('li', {}, simple(blocks(body))));
    let j = i;
    while (j < lines.length && lines[j].trim() === '') j++;
    const more = j < lines.length ? lines[j].match(BULLET) : null;
    if (more && more[1].length >= indent && more[1].length < indent + 2 && /\d/.test(more[2]) === ordered) i = j;
  }
  return [h(ordered ? 'ol' : 'ul', ordered && parseInt(first[2], 10) !== 1 ? {start: parseInt(first[2], 10)} : {}, items), i];
}

/** A list's item that is one paragraph needs no paragraph. */
function simple(elements) {
  return elements.flatMap((e, n) => (n === 0 && e.tagName === 'P' ? [...e.childNodes] : [e]));
}

const cells = (line) => line.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map((c) => c.trim().replaceAll('\\|', '|'));

const INLINE = /(`+)(.+?)\1(?!`)|\*\*(?=\S)(.+?\S?)\*\*|__(?=\S)(.+?)__(?!\w)|~~(.+?)~~|\*(?=\S)([^*]+?)\*|(?<!\w)_(?=\S)([^_]+?)_(?!\w)|\[([^\]]+)\]\(([^()\s]+(?:\([^()\s]*\))?)\)|(https?:\/\/[^\s<>"')\]]*[^\s<>"')\].,;:!?])|\\([\\`*_{}[\]()#+\-.!|~>])/;

function inline(text) {
  const out = [];
  let rest = text;
  for (;;) {
    const match = rest.match(INLINE);
    if (!match) break;
    if (match.index > 0) out.push(rest.slice(0, match.index));
    const [whole, , code, bold, bold2, strike, italic, italic2, label, target, url, escaped] = match;
    if (code !== undefined) out.push(h('code', {}, code.trim() === '' ? code : code.replace(/^ (.*) $/, '$1')));
    else if (bold ?? bold2) out.push(h('strong', {}, inline(bold ?? bold2)));
    else if (strike !== undefined) out.push(h('del', {}, inline(strike)));
    else if (italic ?? italic2) out.push(h('em', {}, inline(italic ?? italic2)));
    else if (label !== undefined) out.push(/^(https?:|mailto:)/i.test(target) ? link(target, inline(label)) : whole);
    else if (url !== undefined) out.push(link(url, [url]));
    else out.push(escaped);
    rest = rest.slice(match.index + whole.length);
  }
  if (rest !== '') out.push(rest);
  return out;
}

const link = (href, children) => h('a', {href, target: '_blank', rel: 'noopener noreferrer'}, children);

function codeBlock(code, language) {
  const copy = h('button', {class: 'copy', type: 'button', onclick: async () => {
    await navigator.clipboard.writeText(code);
    copy.textContent = 'Copied';
    setTimeout(() => (copy.textContent = 'Copy'), 1500);
  }}, 'Copy');
  return h('div', {class: 'code'}, h('div', {class: 'code-head'}, h('span', {}, language || 'text'), copy),
    h('pre', {tabindex: 0}, h('code', {}, coloured(code, language.toLowerCase()))));
}

const WORDS = new Set(('abstract and as assert async await boolean break byte case catch char class const continue def default del do double elif else enum '
  + 'except export extends false final finally float fn for from func function if impl implements import in instanceof int interface is lambda let long '
  + 'match mod mut new nil None not null or package pass private protected pub public raise record return self short sealed static string struct super '
  + 'switch this throw throws trait true True False try type typeof undefined use var void while with yield SELECT FROM WHERE JOIN ON GROUP BY ORDER '
  + 'INSERT UPDATE DELETE CREATE TABLE select from where join group order insert update delete create table echo fi then done').split(' '));

/** Comments, texts, numbers and common words of programming languages, told apart. */
function coloured(code, language) {
  if (['', 'text', 'txt', 'plain', 'markdown', 'md'].includes(language)) return [code];
  const hash = ['python', 'py', 'bash', 'sh', 'shell', 'yaml', 'yml', 'ruby', 'toml', 'r', 'perl', 'dockerfile'].includes(language);
  const dash = ['sql', 'haskell', 'lua'].includes(language);
  const comment = hash ? '#[^\\n]*' : dash ? '--[^\\n]*' : '\\/\\/[^\\n]*|\\/\\*[\\s\\S]*?\\*\\/|<!--[\\s\\S]*?-->';
  const token = new RegExp(`(${comment})|("(?:\\\\.|[^"\\\\\\n])*"|'(?:\\\\.|[^'\\\\\\n])*'|\`(?:\\\\.|[^\`\\\\])*\`)|(\\b\\d[\\w.]*)|([A-Za-z_]\\w*)`, 'g');
  const out = [];
  let at = 0;
  for (const match of code.matchAll(token)) {
    const kind = match[1] ? 'comment' : match[2] ? 'literal' : match[3] ? 'number' : WORDS.has(match[4]) ? 'word' : null;
    if (!kind) continue;
    out.push(code.slice(at, match.index), h('span', {class: `c-${kind}`}, match[0]));
    at = match.index + match[0].length;
  }
  out.push(code.slice(at));
  return out;
}
