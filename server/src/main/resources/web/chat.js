// The conversation: messages, streaming answers, stopping, editing, asking again.

import {byId, h} from './dom.js';
import {chat, ServerError} from './api.js';
import {markdown} from './markdown.js';

export class Chat {
  /**
   * @param page {model(), settings, conversations, changed(), rate(tokensPerSecond, usage)}: what the conversation needs to know
   */
  constructor(page) {
    this.page = page;
    this.conversation = null;
    this.running = null; // the request under way: {abort, conversation}
    this.list = byId('messages');
    this.input = byId('input');
    this.follow = true;
    this.list.addEventListener('scroll', () => {
      this.follow = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    });
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.send();
    });
    this.input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.send();
      }
    });
    this.input.addEventListener('input', () => this.fit(this.input));
    byId('stop').addEventListener('click', () => this.stop());
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.running && !document.querySelector('dialog[open]')) this.stop();
    });
  }

  show(conversation) {
    if (this.running && this.running.conversation !== conversation) this.stop();
    this.conversation = conversation;
    this.notice('');
    this.follow = true;
    this.render();
  }

  render() {
    const messages = this.conversation.messages;
    this.list.replaceChildren(...(messages.length === 0 ? [this.welcome()] : messages.map((m, i) => this.message(m, i))));
    this.scroll();
  }

  welcome() {
    const model = this.page.model();
    const story = model && !model.chat_template;
    const ideas = story
      ? ['Once upon a time, there was a little fox who', 'Lily and Tom found a big box in the garden.', 'The old boat was tired of the']
      : ['Explain in three sentences why recurrent layers need no growing cache.', 'Write a Java record for a point with a method that gives its distance from another.',
        'A table of three rivers: name, length, sea.'];
    return h('div', {class: 'welcome'},
      h('h1', {}, model ? model.id : 'Heddle'),
      h('p', {class: 'quiet'}, model ? `${model.architecture.class} · ${model.architecture.reason}` : ''),
      story ? h('p', {class: 'quiet'}, 'This model has no chat template: it goes on with the text you write.') : null,
      h('div', {class: 'ideas'}, ideas.map((idea) => h('button', {type: 'button', onclick: () => {
        this.input.value = idea;
        this.fit(this.input);
        this.input.focus();
      }}, idea))));
  }

  message(message, index) {
    const mine = message.role === 'user';
    const last = index === this.conversation.messages.length - 1;
    const body = h('div', {class: 'body'});
    this.fillBody(body, message);
    const actions = [];
    const action = (label, act, title) => actions.push(h('button', {type: 'button', class: 'plain', onclick: act, title}, label));
    action('Copy', (event) => this.copy(message.content, event.currentTarget), 'Copy the text');
    if (mine) action('Edit', () => this.edit(index), 'Change this message and ask again from here');
    else action('Again', () => this.again(index), 'Answer anew');
    const facts = message.facts ? h('span', {class: 'quiet small facts'}, message.facts) : null;
    return h('article', {class: `message ${message.role}`, 'data-index': index, 'aria-label': mine ? 'You' : 'Answer'},
      h('div', {class: 'who'}, mine ? 'You' : message.model ?? 'Answer'), body,
      last && this.running ? h('div', {class: 'actions'}, facts) : h('div', {class: 'actions'}, actions, facts));
  }

  fillBody(body, message) {
    if (message.role === 'user') {
      body.replaceChildren(...message.content.split(/(\n)/).map((part) => (part === '\n' ? h('br') : part)));
    } else {
      const parts = [];
      if (message.reasoning) parts.push(h('details', {class: 'reasoning', open: message.content === ''}, h('summary', {}, 'Reasoning'), markdown(message.reasoning)));
      parts.push(...markdown(message.content));
      if (message.calls?.length) parts.push(...message.calls.map((call) => h('pre', {}, `${call.name}(${call.arguments})`)));
      if (message.content === '' && message.waiting) parts.push(h('span', {class: 'cursor', 'aria-label': 'working'}));
      body.replaceChildren(...parts);
    }
  }

  async send() {
    const text = this.input.value;
    if (text.trim() === '' || this.running) return;
    this.input.value = '';
    this.fit(this.input);
    this.conversation.messages.push({role: 'user', content: text});
    this.page.changed(this.conversation);
    await this.answer();
  }

  /** Asks the model to go on with the conversation as it stands. */
  async answer() {
    const conversation = this.conversation;
    const model = this.page.model();
    if (!model) return;
    const messages = [
      ...(conversation.system.trim() ? [{role: 'system', content: conversation.system}] : []),
      ...conversation.messages.map(({role, content}) => ({role, content})),
    ];
    const message = {role: 'assistant', content: '', model: model.id, waiting: true};
    conversation.messages.push(message);
    const abort = new AbortController();
    this.running = {abort, conversation};
    this.busy(true);
    this.notice('');
    this.follow = true;
    this.render();
    const began = performance.now();
    let first = 0;
    let tokens = 0;
    let usage = null;
    let finish = null;
    try {
      for await (const chunk of chat({model: model.id, messages, ...this.page.settings.request()}, abort.signal)) {
        if (chunk.usage) usage = chunk.usage;
        const choice = chunk.choices?.[0];
        if (!choice) continue;
        const delta = choice.delta ?? {};
        if (delta.content || delta.reasoning_content || delta.tool_calls) {
          first ||= performance.now();
          tokens++;
          message.content += delta.content ?? '';
          if (delta.reasoning_content) message.reasoning = (message.reasoning ?? '') + delta.reasoning_content;
          for (const call of delta.tool_calls ?? []) {
            const calls = (message.calls ??= []);
            const known = (calls[call.index ?? 0] ??= {name: '', arguments: ''});
            known.name += call.function?.name ?? '';
            known.arguments += call.function?.arguments ?? '';
          }
          const seconds = (performance.now() - first) / 1000;
          if (tokens > 1 && seconds > 0.2) this.page.rate((tokens - 1) / seconds, null);
          this.draw(message);
        }
        if (choice.finish_reason) finish = choice.finish_reason;
      }
    } catch (e) {
      if (e.name === 'AbortError') finish = 'stopped';
      else if (e instanceof ServerError) this.notice(e.message);
      else throw e;
    } finally {
      delete message.waiting;
      this.running = null;
      this.busy(false);
      const seconds = first ? (performance.now() - first) / 1000 : 0;
      const made = usage?.completion_tokens ?? tokens;
      const facts = [];
      if (made > 0) facts.push(`${made} tokens`);
      if (made > 1 && seconds > 0) facts.push(`${((made - 1) / seconds).toFixed(1)} tok/s`);
      if (first) facts.push(`first after ${((first - began) / 1000).toFixed(2)} s`);
      const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
      if (cached > 0) facts.push(`${cached} of ${usage.prompt_tokens} prompt tokens remembered`);
      if (finish === 'length') facts.push('cut at its longest');
      if (finish === 'stopped') facts.push('stopped');
      message.facts = facts.join(' · ');
      if (message.content === '' && !message.reasoning && !message.calls?.length) conversation.messages.pop();
      if (usage) this.page.rate(made > 1 && seconds > 0 ? (made - 1) / seconds : null, usage);
      this.page.changed(conversation);
      if (this.conversation === conversation) this.render();
    }
  }

  /** Draws a message that grows, at most once a frame. */
  draw(message) {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const index = this.conversation.messages.indexOf(message);
      const body = this.list.querySelector(`[data-index="${index}"] .body`);
      if (body) this.fillBody(body, message);
      this.scroll();
    });
  }

  stop() {
    this.running?.abort.abort();
  }

  again(index) {
    if (this.running) return;
    this.conversation.messages.length = index;
    this.page.changed(this.conversation);
    this.answer();
  }

  edit(index) {
    if (this.running) return;
    const message = this.conversation.messages[index];
    const article = this.list.querySelector(`[data-index="${index}"]`);
    const area = h('textarea', {'aria-label': 'Change the message'});
    area.value = message.content;
    const cancel = () => this.render();
    const done = () => {
      if (area.value.trim() === '') return;
      this.conversation.messages.length = index;
      this.conversation.messages.push({role: 'user', content: area.value});
      this.page.changed(this.conversation);
      this.answer();
    };
    area.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') cancel();
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        done();
      }
    });
    article.querySelector('.body').replaceChildren(area);
    article.querySelector('.actions').replaceChildren(h('button', {type: 'button', class: 'main', onclick: done}, 'Ask again'),
      h('button', {type: 'button', class: 'plain', onclick: cancel}, 'Cancel'), h('span', {class: 'quiet small'}, 'What follows this message is replaced.'));
    this.fit(area);
    area.focus();
  }

  async copy(text, button) {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  }

  busy(yes) {
    byId('send').hidden = yes;
    byId('stop').hidden = !yes;
  }

  notice(text) {
    byId('notice').hidden = text === '';
    byId('notice').textContent = text;
  }

  fit(area) {
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight + 2, innerHeight * 0.4)}px`;
  }

  scroll() {
    if (this.follow) this.list.scrollTop = this.list.scrollHeight;
  }
}
