// The panel: what the model is made of, what its memory costs beside a transformer's, how fast it is, and the settings.

import {byId, bytes, contextName, count, h, svg} from './dom.js';

const KINDS = ['attention', 'state space', 'linear attention', 'recurrent unit', 'convolution', 'memory', 'channel'];

export class Panel {
  constructor(page) {
    this.page = page;
    this.tokens = 0;
  }

  show(model) {
    this.model = model;
    this.live = h('dl', {class: 'live', 'aria-live': 'off'});
    this.chart = h('div', {class: 'chart'});
    const system = h('textarea', {rows: 3, placeholder: 'None', 'aria-label': 'System prompt'});
    system.value = this.page.conversation()?.system ?? '';
    system.addEventListener('change', () => this.page.system(system.value));
    this.systemPrompt = system;
    byId('panel').replaceChildren(
      h('section', {}, h('h2', {}, model.id), h('p', {class: 'quiet'}, `${model.architecture.class}. ${model.architecture.reason}.`),
        h('dl', {class: 'facts'}, this.facts())),
      h('section', {}, h('h3', {}, 'Layers'), layerMap(model)),
      h('section', {}, h('h3', {}, 'Memory of a conversation'), this.chart, this.memoryNote()),
      h('section', {}, h('h3', {}, 'Now'), this.live),
      model.chat_template ? h('section', {}, h('h3', {}, 'System prompt'), system, h('p', {class: 'quiet small'}, 'For this conversation.')) : '',
      h('section', {}, h('h3', {}, 'Sampling'), this.page.settings.form(model.defaults)),
      h('p', {class: 'quiet small'}, model.backend));
    this.draw();
    this.rate(null, null);
  }

  facts() {
    const a = this.model.architecture;
    const facts = [['Parameters', count(a.parameters.total) + (a.parameters.active < a.parameters.total ? ` (${count(a.parameters.active)} active)` : '')],
      ['Blocks', `${a.blocks} of width ${a.width}`], ['Vocabulary', count(a.vocabulary)],
      ['Context', this.model.context > 0 ? `${contextName(this.model.context)} tokens` : 'no limit']];
    return facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]);
  }

  memoryNote() {
    const s = this.model.sequence;
    const kv = s.kv_bytes_per_token === 0 ? 'nothing that grows' : `${bytes(s.kv_bytes_per_token)} for each token`;
    return h('p', {class: 'quiet small'}, `State ${bytes(s.state_bytes)}, and ${kv}. A transformer of this shape needs ${bytes(s.transformer_kv_bytes_per_token)} for each token.`);
  }

  /** Tokens per second of the answer under way, and how long the conversation is. */
  rate(tokensPerSecond, usage) {
    if (tokensPerSecond !== null) this.speed = tokensPerSecond;
    if (usage) {
      this.tokens = usage.total_tokens;
      this.draw();
    }
    this.now();
  }

  conversationChanged(tokens) {
    this.tokens = tokens;
    if (this.systemPrompt) this.systemPrompt.value = this.page.conversation()?.system ?? '';
    if (this.chart) this.draw();
  }

  /** Counters of the server. */
  stats(stats) {
    this.counters = stats.models[this.model?.id];
    this.now();
  }

  now() {
    if (!this.live) return;
    const c = this.counters;
    const rows = [['Speed', this.speed ? `${this.speed.toFixed(1)} tok/s` : '–']];
    if (this.tokens > 0) rows.push(['Conversation', `${this.tokens} tokens, ${bytes(memory(this.model, this.tokens))}`]);
    if (c) {
      rows.push(['Answers', `${c.running} running${c.waiting ? `, ${c.waiting} waiting` : ''}`],
        ['In use', bytes(c.state_bytes)], ['Prefix cache', `${bytes(c.cache_bytes)}, ${c.cached_tokens} tokens spared`]);
    }
    this.live.replaceChildren(...rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
  }

  draw() {
    this.chart.replaceChildren(memoryChart(this.model, this.tokens));
  }
}

/** Blocks as columns of their layers, one cell a layer. */
function layerMap(model) {
  const used = new Map();
  const blocks = model.architecture.layers.map((block) => h('div', {class: 'block', title: `block ${block.block}: ${block.layers.map((l) => l.name).join(', ')}`},
    block.layers.map((layer) => {
      const kind = layer.mixer ? layer.kind ?? 'memory' : 'channel';
      const known = used.get(layer.name) ?? {kind, times: 0};
      known.times++;
      used.set(layer.name, known);
      return h('span', {class: `cell k-${KINDS.indexOf(kind)}${layer.parallel ? ' beside' : ''}`});
    })));
  const legend = [...used].map(([name, {kind, times}]) => h('li', {}, h('span', {class: `cell k-${KINDS.indexOf(kind)}`}), `${name} × ${times}`));
  return h('div', {}, h('div', {class: 'layer-map', role: 'img', 'aria-label': `Layer map: ${[...used].map(([n, u]) => `${n} ${u.times} times`).join(', ')}`}, blocks),
    h('ul', {class: 'legend'}, legend));
}

/** Bytes that a sequence of so many tokens needs. Windows stop growing where the totals of the description say. */
export function memory(model, tokens) {
  const s = model.sequence;
  return s.state_bytes + s.kv_bytes_per_token_beyond_windows * tokens
    + (s.kv_bytes_per_token - s.kv_bytes_per_token_beyond_windows) * Math.min(tokens, windowTokens(model));
}

function windowTokens(model) {
  const a = model.architecture;
  const inWindows = a.kv_bytes_per_token - a.kv_bytes_per_token_beyond_windows;
  const longest = a.memory.at(-1);
  return inWindows === 0 || !longest ? Infinity : (longest.kv_bytes - a.kv_bytes_per_token_beyond_windows * longest.context) / inWindows;
}

function memoryChart(model, tokens) {
  const W = 300, H = 190, left = 52, right = 12, top = 12, bottom = 26;
  const contexts = Array.from({length: 56}, (_, i) => 2 ** (7 + i * 0.25)).filter((c) => c <= 1048576 * 1.01);
  const hybrid = contexts.map((c) => memory(model, c));
  const transformer = contexts.map((c) => model.sequence.transformer_kv_bytes_per_token * c);
  const values = [...hybrid, ...transformer].filter((v) => v > 0);
  const low = Math.floor(Math.log2(Math.min(...values)) / 2) * 2, high = Math.ceil(Math.log2(Math.max(...values)) / 2) * 2;
  const x = (c) => left + ((Math.log2(c) - 7) / 13) * (W - left - right);
  const y = (v) => H - bottom - ((Math.log2(Math.max(v, 2 ** low)) - low) / (high - low)) * (H - top - bottom);
  const line = (list) => list.map((v, i) => `${i ? 'L' : 'M'}${x(contexts[i]).toFixed(1)},${y(v).toFixed(1)}`).join('');
  const step = Math.max(2, Math.ceil((high - low) / 5 / 2) * 2);
  const grid = [];
  for (let e = low; e <= high; e += step) {
    grid.push(svg('line', {class: 'grid', x1: left, x2: W - right, y1: y(2 ** e), y2: y(2 ** e)}),
      svg('text', {class: 'tick', x: left - 5, y: y(2 ** e) + 3, 'text-anchor': 'end'}, bytes(2 ** e)));
  }
  for (const c of [1024, 16384, 131072, 1048576]) {
    grid.push(svg('text', {class: 'tick', x: x(c), y: H - bottom + 14, 'text-anchor': c === 1048576 ? 'end' : 'middle'}, contextName(c)));
  }
  const here = tokens >= 128 && tokens <= 1048576 ? svg('circle', {class: 'here', cx: x(tokens), cy: y(memory(model, tokens)), r: 4}) : null;
  const cross = svg('line', {class: 'cross', y1: top, y2: H - bottom, x1: -9, x2: -9});
  const reading = h('p', {class: 'reading small', 'aria-live': 'polite'});
  const read = (c) => {
    const mine = memory(model, c), theirs = model.sequence.transformer_kv_bytes_per_token * c;
    const ratio = theirs / mine;
    reading.replaceChildren(h('strong', {}, `${contextName(Math.round(c))} tokens: `), h('span', {class: 'mine'}, `this model ${bytes(mine)}`), ' · ',
      h('span', {class: 'theirs'}, `transformer ${bytes(theirs)}`), ratio >= 1.05 ? ` (${ratio.toPrecision(2)} times)` : '');
    cross.setAttribute('x1', x(c));
    cross.setAttribute('x2', x(c));
  };
  const picture = svg('svg', {viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': 'Memory against context, both logarithmic: this model and a transformer of the same shape'},
    grid, svg('path', {class: 'theirs', d: line(transformer)}), svg('path', {class: 'mine', d: line(hybrid)}), here, cross);
  picture.addEventListener('pointermove', (event) => {
    const box = picture.getBoundingClientRect();
    const e = 7 + (((event.clientX - box.left) / box.width) * W - left) / (W - left - right) * 13;
    read(2 ** Math.min(20, Math.max(7, e)));
  });
  read(131072);
  return h('div', {}, picture, reading);
}
