// Conversations, kept in this browser.

const KEY = 'heddle.conversations';

export class Conversations {
  constructor() {
    this.all = [];
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? '[]');
      if (Array.isArray(kept)) this.all = kept.filter((c) => c && typeof c.id === 'string' && Array.isArray(c.messages));
    } catch {
      // what cannot be read is left behind at the next save
    }
  }

  /** A new, empty conversation; an empty one that stands first is used again. */
  create() {
    if (this.all.length > 0 && this.all[0].messages.length === 0) return this.all[0];
    const conversation = {id: identifier(), title: 'New conversation', messages: [], system: '', changed: Date.now()};
    this.all.unshift(conversation);
    this.save();
    return conversation;
  }

  remove(id) {
    this.all = this.all.filter((c) => c.id !== id);
    this.save();
  }

  touch(conversation) {
    conversation.changed = Date.now();
    const first = conversation.messages.find((m) => m.role === 'user');
    if (first && !conversation.named) conversation.title = first.content.trim().split('\n')[0].slice(0, 60) || 'New conversation';
    this.all.sort((a, b) => b.changed - a.changed);
    this.save();
  }

  /** Saves; where the browser's room is full, false. */
  save() {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.all.filter((c) => c.messages.length > 0)));
      return true;
    } catch {
      return false;
    }
  }
}

function identifier() {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, '0')).join('');
}
