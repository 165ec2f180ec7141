// Trace: for a sentence, how strongly each recurrent layer writes or forgets at each token, and where each attention layer looks.

import {byId, h} from './dom.js';
import {ServerError, trace} from './api.js';

const SENTENCE = 'The bank of the river was steep and muddy';
const CELL = 26; // width of a token's column
const ROW = 20; // height of a layer's row

export class Trace {
  /** @param page {model()} */
  constructor(page) {
    this.page = page;
    this.data = null;
    this.show = 'write';
    this.scale = 'layer';
    this.token = 0;
    this.layer = null;
    this.build();
  }

  build() {
    this.text = h('textarea', {rows: 2, 'aria-label': 'Sentence to trace'});
    this.text.value = SENTENCE;
    this.button = h('button', {class: 'main', type: 'submit'}, 'Trace');
    this.error = h('p', {class: 'notice', role: 'alert', hidden: true});
    this.result = h('div', {class: 'trace-result'});
    const form = h('form', {class: 'trace-form', onsubmit: (event) => {
      event.preventDefault();
      this.run();
    }}, this.text, this.button);
    this.text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey) {
        event.preventDefault();
        this.run();
      }
    });
    byId('trace').replaceChildren(h('h2', {}, 'What the layers do with a sentence'),
      h('p', {class: 'quiet'}, 'Recurrent layers write each token into a state of constant size and forget a part of it; attention layers look back at tokens. One pass, read while it runs.'),
      form, this.error, this.result);
  }

  /** Another model: what was traced is no longer true. */
  reset() {
    this.data = null;
    this.result.replaceChildren();
    this.error.hidden = true;
  }

  async run() {
    this.button.disabled = true;
    this.error.hidden = true;
    try {
      this.data = await trace(this.page.model().id, this.text.value);
      this.token = this.data.tokens.length - 1;
      this.layer = this.rows()[0] ?? null;
      this.draw();
    } catch (e) {
      if (!(e instanceof ServerError)) throw e;
      this.error.textContent = e.message;
      this.error.hidden = false;
    } finally {
      this.button.disabled = false;
    }
  }

  rows() {
    return this.data.layers.filter((layer) => layer.kind !== 'other');
  }

  draw() {
    if (!this.data) return;
    const scrolled = this.result.querySelector('.heat')?.scrollLeft ?? 0;
    const rows = this.rows();
    if (rows.length === 0) {
      this.result.replaceChildren(h('p', {}, 'This model has neither recurrent nor attention layers to show.'));
      return;
    }
    const recurrent = rows.some((r) => r.kind === 'recurrent'), attention = rows.some((r) => r.kind === 'attention');
    const choices = h('div', {class: 'choices'},
      recurrent ? this.choice('Recurrent layers', 'show', [['write', 'write'], ['forget', 'forget']]) : null,
      this.choice('Colours', 'scale', [['layer', 'each layer its own scale'], ['all', 'one scale']]),
      attention ? h('span', {class: 'quiet small'}, 'Attention rows show where the marked token looks: choose another token above the map.') : null);
    this.result.replaceChildren(choices, this.overview(rows), this.key(recurrent, attention), this.detail());
    this.result.querySelector('.heat').scrollLeft = scrolled;
  }

  choice(label, field, options) {
    const group = h('fieldset', {class: 'choice'}, h('legend', {}, label), options.map(([value, text]) => {
      const radio = h('input', {type: 'radio', name: field, value, checked: this[field] === value, onchange: () => {
        this[field] = value;
        this.draw();
      }});
      return h('label', {}, radio, text);
    }));
    return group;
  }

  /** The row's numbers, one for each token, or null where there is nothing to show. */
  values(layer) {
    if (layer.kind === 'attention') {
      const row = layer.weights[this.token].slice(this.data.prologue);
      return [...row, ...Array(this.data.tokens.length - row.length).fill(null)];
    }
    if (this.show === 'forget') return layer.keep.map((k) => (k === null ? null : 1 - k));
    return layer.write ?? layer.keep.map(() => null);
  }

  overview(rows) {
    const tokens = this.data.tokens;
    const all = rows.map((r) => this.values(r));
    const most = (kind) => Math.max(1e-9, ...rows.flatMap((r, i) => (r.kind === kind ? all[i] : [])).filter((v) => v !== null));
    const shared = {recurrent: most('recurrent'), attention: most('attention')};
    const canvas = h('canvas', {role: 'img', 'aria-label': 'Heat map: layers by tokens'});
    const pen = prepare(canvas, tokens.length * CELL, rows.length * ROW);
    rows.forEach((layer, y) => {
      const numbers = all[y].filter((v) => v !== null);
      const top = this.scale === 'layer' ? Math.max(...numbers, 1e-9) : shared[layer.kind];
      const bottom = this.scale === 'layer' && layer.kind === 'recurrent' ? Math.min(...numbers) : 0;
      all[y].forEach((v, x) => {
        if (v === null) return;
        pen.fillStyle = colour(layer.kind, top > bottom ? (v - bottom) / (top - bottom) : 0);
        pen.fillRect(x * CELL, y * ROW, CELL - 1, ROW - 1);
      });
      if (layer === this.layer) {
        pen.strokeStyle = css('--text');
        pen.lineWidth = 1.5;
        pen.strokeRect(0.75, y * ROW + 0.25, tokens.length * CELL - 2, ROW - 1.5);
      }
    });
    const tip = h('div', {class: 'tip', hidden: true});
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [Math.floor((event.clientX - box.left) / CELL), Math.floor((event.clientY - box.top) / ROW)];
    };
    canvas.addEventListener('pointermove', (event) => {
      const [x, y] = at(event);
      const value = all[y]?.[x];
      tip.hidden = value === undefined;
      if (value === undefined) return;
      const what = rows[y].kind === 'attention' ? `“${visible(tokens[this.token].text)}” looks at` : this.show === 'write' ? 'writes' : 'forgets at';
      tip.textContent = `block ${rows[y].block}, ${rows[y].name}: ${what} “${visible(tokens[x].text)}” ${value === null ? 'nothing' : value.toPrecision(3)}`;
    });
    canvas.addEventListener('pointerleave', () => (tip.hidden = true));
    canvas.addEventListener('click', (event) => {
      const [x, y] = at(event);
      if (rows[y]) this.layer = rows[y];
      if (rows[y]?.kind === 'attention' && x < tokens.length) this.token = x;
      this.draw();
    });
    const heads = h('div', {class: 'token-heads'}, tokens.map((token, i) => h('button', {
      type: 'button', class: `token-head${i === this.token ? ' marked' : ''}`, 'aria-pressed': String(i === this.token), title: `token ${i}: id ${token.id}`,
      onclick: () => {
        this.token = i;
        this.draw();
      },
    }, h('span', {}, visible(token.text)))));
    const names = rows.map((layer) => h('button', {type: 'button', class: `row-name ${layer.kind}${layer === this.layer ? ' chosen' : ''}`,
      'aria-pressed': String(layer === this.layer), onclick: () => {
        this.layer = layer;
        this.draw();
      }}, h('span', {class: 'quiet'}, String(layer.block)), ` ${layer.name}`));
    return h('div', {}, h('div', {class: 'heat'}, h('div', {class: 'corner'}), heads, h('div', {class: 'row-names'}, names), canvas), h('p', {class: 'tip-line'}, tip, '\u00a0'));
  }

  key(recurrent, attention) {
    const bar = (kind, from, to) => {
      const canvas = h('canvas', {'aria-hidden': 'true'});
      const pen = prepare(canvas, 120, 10);
      for (let x = 0; x < 120; x++) {
        pen.fillStyle = colour(kind, x / 119);
        pen.fillRect(x, 0, 1, 10);
      }
      return h('span', {class: 'key'}, from, canvas, to);
    };
    return h('p', {class: 'keys quiet small'}, recurrent ? bar('recurrent', this.show === 'write' ? 'writes little' : 'keeps', this.show === 'write' ? 'writes much' : 'forgets') : '',
      attention ? bar('attention', 'looks elsewhere', 'looks here') : '');
  }

  /** One layer, large: a recurrent one as the sentence with a bar under each token, an attention one as its matrix. */
  detail() {
    const layer = this.layer;
    if (!layer) return h('div');
    const title = h('h3', {}, `Block ${layer.block}: ${layer.name}`);
    return layer.kind === 'attention' ? h('div', {class: 'detail'}, title, ...this.matrix(layer)) : h('div', {class: 'detail'}, title, ...this.sentence(layer));
  }

  sentence(layer) {
    const tokens = this.data.tokens;
    const write = layer.write, keep = layer.keep;
    const most = write ? Math.max(...write.filter((v) => v !== null), 1e-9) : 1;
    const words = tokens.map((token, i) => {
      const text = h('span', {class: 'word'}, visible(token.text));
      const w = write ? write[i] : null;
      if (w !== null) text.style.backgroundColor = colour('recurrent', w / most);
      if (w !== null && w / most > 0.55) text.classList.add('on-strong');
      const bar = h('span', {class: 'bar'});
      bar.style.height = `${Math.round(40 * (keep[i] ?? 0))}px`;
      return h('span', {class: 'column', title: `writes ${w === null ? '–' : w.toPrecision(3)}, keeps ${keep[i]?.toPrecision(4) ?? '–'}`}, h('span', {class: 'well'}, bar), text);
    });
    return [h('p', {class: 'quiet small'}, `Shade: how strongly the token is written${write ? '' : ' (the same for all tokens in this layer)'}. Bar: how much of the state is kept at that token.`),
      h('div', {class: 'sentence'}, words)];
  }

  matrix(layer) {
    const tokens = this.data.tokens, n = tokens.length, before = this.data.prologue;
    const size = n > 120 ? 6 : n > 60 ? 10 : n > 30 ? 16 : 24;
    const canvas = h('canvas', {role: 'img', 'aria-label': 'Attention: each row is a token, its columns the tokens it looks at'});
    const pen = prepare(canvas, (n + before) * size, n * size);
    layer.weights.forEach((row, y) => {
      const top = this.scale === 'layer' ? Math.max(...row, 1e-9) : 1;
      row.forEach((v, x) => {
        pen.fillStyle = colour('attention', v / top);
        pen.fillRect(x * size, y * size, size - 1, size - 1);
      });
    });
    const tip = h('span', {});
    const name = (x) => (x < before ? `meta ${x}` : `“${visible(tokens[x - before].text)}”`);
    canvas.addEventListener('pointermove', (event) => {
      const box = canvas.getBoundingClientRect();
      const x = Math.floor((event.clientX - box.left) / size), y = Math.floor((event.clientY - box.top) / size);
      const v = layer.weights[y]?.[x];
      tip.textContent = v === undefined ? '' : `“${visible(tokens[y].text)}” looks at ${name(x)}: ${v.toPrecision(3)}`;
    });
    canvas.addEventListener('pointerleave', () => (tip.textContent = ''));
    const labels = size >= 16;
    const side = h('div', {class: 'row-names plain-names'}, labels ? tokens.map((t) => {
      const label = h('span', {class: 'row-label'}, visible(t.text));
      label.style.height = `${size}px`;
      label.style.lineHeight = `${size}px`;
      return label;
    }) : []);
    const topNames = h('div', {class: 'token-heads'}, labels ? [...Array(before).keys()].map((i) => label(`m${i}`, size)).concat(tokens.map((t) => label(visible(t.text), size))) : []);
    return [h('p', {class: 'quiet small'}, 'Rows: the token that looks. Columns: where it looks. Mean over heads.'),
      h('div', {class: 'heat'}, h('div', {class: 'corner'}), topNames, side, canvas), h('p', {class: 'tip-line'}, tip, '\u00a0')];
  }
}

function label(text, width) {
  const element = h('span', {class: 'token-head still'}, h('span', {}, text));
  element.style.width = `${width}px`;
  return element;
}

const visible = (text) => text.replaceAll('\n', '↵').replaceAll('\t', '⇥').replace(/^ +| +$/g, (s) => '·'.repeat(s.length)) || '∅';

function prepare(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext('2d');
  pen.scale(ratio, ratio);
  return pen;
}

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

/** From the ground's colour through the kind's to its strongest, at `share` of the way (0 to 1). */
function colour(kind, share) {
  const stops = [css('--heat-none'), css(kind === 'attention' ? '--heat-attention' : '--heat-recurrent'), css(kind === 'attention' ? '--heat-attention-most' : '--heat-recurrent-most')].map(channels);
  const at = Math.min(1, Math.max(0, share)) * 2;
  const [from, to] = at < 1 ? [stops[0], stops[1]] : [stops[1], stops[2]];
  const part = at < 1 ? at : at - 1;
  return `rgb(${from.map((c, i) => Math.round(c + (to[i] - c) * part)).join(' ')})`;
}
