// The page: which model, which conversation, which view.

import {byId, h} from './dom.js';
import {models, onKeyNeeded, ServerError, stats} from './api.js';
import {Chat} from './chat.js';
import {Conversations} from './conversations.js';
import {Panel} from './panel.js';
import {Settings} from './settings.js';
import {Trace} from './trace.js';

const settings = new Settings();
const conversations = new Conversations();
let served = [];
let model = null;
let current = null;

const page = {
  settings, conversations,
  model: () => model,
  conversation: () => current,
  changed(conversation) {
    conversations.touch(conversation);
    if (!conversations.save()) chat.notice('The browser’s storage is full: new messages are kept until this page is closed. Remove old conversations.');
    list();
  },
  system(text) {
    current.system = text;
    conversations.save();
  },
  rate: (tokensPerSecond, usage) => {
    if (usage) current.tokens = usage.total_tokens;
    panel.rate(tokensPerSecond, usage);
  },
};
const chat = new Chat(page);
const panel = new Panel(page);
const trace = new Trace(page);

onKeyNeeded(() => new Promise((resolve) => {
  const dialog = byId('key-dialog');
  byId('key').value = '';
  dialog.onclose = () => resolve(byId('key').value || null);
  if (!dialog.open) dialog.showModal();
}));

function open(conversation) {
  current = conversation;
  chat.show(conversation);
  panel.conversationChanged(conversation.tokens ?? 0);
  list();
  drawer(null);
}

function list() {
  byId('conversation-list').replaceChildren(...conversations.all.map((c) => {
    const title = h('button', {type: 'button', class: 'title', 'aria-current': c === current ? 'true' : null, title: c.title, onclick: () => {
      open(c);
      view('chat');
    }, ondblclick: () => rename(c)}, c.title);
    const remove = h('button', {type: 'button', class: 'icon remove', 'aria-label': `Remove “${c.title}”`, title: 'Remove', onclick: () => {
      if (c.messages.length > 0 && !confirm(`Remove “${c.title}”?`)) return;
      conversations.remove(c.id);
      if (c === current) open(conversations.all[0] ?? conversations.create());
      else list();
    }}, '×');
    return h('li', {}, title, remove);
  }));
}

function rename(conversation) {
  const title = prompt('Name of the conversation', conversation.title);
  if (title?.trim()) {
    conversation.title = title.trim().slice(0, 60);
    conversation.named = true;
    conversations.save();
    list();
  }
}

function choose(id) {
  model = served.find((m) => m.id === id) ?? served[0];
  byId('model').value = model.id;
  localStorage.setItem('heddle.model', model.id);
  panel.show(model);
  panel.conversationChanged(current?.tokens ?? 0);
  trace.reset();
  if (current?.messages.length === 0) chat.render();
}

function view(name) {
  for (const each of ['chat', 'trace']) {
    byId(each).hidden = each !== name;
    byId(`tab-${each}`).setAttribute('aria-selected', String(each === name));
    byId(`tab-${each}`).tabIndex = each === name ? 0 : -1;
  }
}

/** On small screens the lists at the sides are drawers; opens one, or none. */
function drawer(name) {
  for (const [id, button] of [['conversations', 'open-conversations'], ['panel', 'open-panel']]) {
    const open = id === name;
    byId(id).classList.toggle('open', open);
    if (narrow()) byId(button).setAttribute('aria-expanded', String(open));
  }
  byId('shade').hidden = name === null || !narrow();
}

const narrow = () => matchMedia('(max-width: 60rem)').matches;

byId('new-conversation').addEventListener('click', () => {
  open(conversations.create());
  view('chat');
  byId('input').focus();
});
byId('model').addEventListener('change', () => choose(byId('model').value));
byId('open-conversations').addEventListener('click', () => drawer(byId('conversations').classList.contains('open') ? null : 'conversations'));
byId('open-panel').addEventListener('click', () => {
  if (narrow()) {
    drawer(byId('panel').classList.contains('open') ? null : 'panel');
  } else {
    const hidden = document.body.classList.toggle('without-panel');
    byId('open-panel').setAttribute('aria-expanded', String(!hidden));
  }
});
byId('shade').addEventListener('click', () => drawer(null));
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !byId('shade').hidden) drawer(null);
});
for (const name of ['chat', 'trace']) {
  byId(`tab-${name}`).addEventListener('click', () => view(name));
  byId(`tab-${name}`).addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
    const other = name === 'chat' ? 'trace' : 'chat';
    view(other);
    byId(`tab-${other}`).focus();
  });
}

const theme = localStorage.getItem('heddle.theme');
if (theme) document.documentElement.dataset.theme = theme;
byId('theme').addEventListener('click', () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  localStorage.setItem('heddle.theme', document.documentElement.dataset.theme);
  trace.draw();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => trace.draw());

async function poll() {
  if (document.visibilityState === 'visible' && model) {
    try {
      panel.stats(await stats());
    } catch (e) {
      if (!(e instanceof ServerError)) throw e;
    }
  }
  setTimeout(poll, 2000);
}

async function begin() {
  open(conversations.all[0] ?? conversations.create());
  try {
    served = await models();
  } catch (e) {
    if (!(e instanceof ServerError)) throw e;
    chat.notice(e.message);
    return;
  }
  byId('model').replaceChildren(...served.map((m) => h('option', {value: m.id}, m.id)));
  choose(localStorage.getItem('heddle.model'));
  poll();
}

begin();
