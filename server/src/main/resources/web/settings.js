// What to sample with: kept in this browser; what is left empty is the model's own default.

import {h} from './dom.js';

const KEY = 'heddle.settings';
const FIELDS = [
  {name: 'temperature', label: 'Temperature', min: 0, max: 5, step: 0.05, hint: '0 takes the likeliest token each time'},
  {name: 'top_p', label: 'Top p', min: 0, max: 1, step: 0.01, hint: 'the likeliest tokens that together reach this probability'},
  {name: 'top_k', label: 'Top k', min: 0, max: 1000, step: 1, hint: 'the k likeliest tokens; 0: all'},
  {name: 'min_p', label: 'Min p', min: 0, max: 1, step: 0.01, hint: 'tokens at least this share as likely as the likeliest'},
  {name: 'repetition_penalty', label: 'Repetition penalty', min: 0.1, max: 5, step: 0.05, hint: '1: none'},
  {name: 'max_tokens', label: 'Longest answer', min: 1, max: 1000000, step: 1, hint: 'in tokens'},
  {name: 'seed', label: 'Seed', min: 0, max: 9007199254740991, step: 1, hint: 'empty: another each time'},
];

export class Settings {
  constructor() {
    this.values = {};
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}');
      for (const {name} of FIELDS) if (typeof kept[name] === 'number') this.values[name] = kept[name];
    } catch {
      // unreadable settings are the defaults
    }
  }

  /** The fields of a request. */
  request() {
    return {...this.values};
  }

  /** The form, with the model's defaults where nothing is set. */
  form(defaults) {
    const rows = FIELDS.map((field) => {
      const input = h('input', {
        type: 'number', min: field.min, max: field.max, step: field.step, value: this.values[field.name],
        placeholder: defaults[field.name] === null || defaults[field.name] === undefined ? 'none' : String(+(+defaults[field.name]).toPrecision(6)),
        onchange: () => this.set(field, input),
      });
      return h('label', {class: 'setting', title: field.hint}, h('span', {}, field.label), input);
    });
    const reset = h('button', {type: 'button', class: 'plain', onclick: () => {
      this.values = {};
      this.keep();
      for (const input of form.querySelectorAll('input')) input.value = '';
    }}, 'Back to the model’s defaults');
    const form = h('div', {class: 'settings'}, rows, reset);
    return form;
  }

  set(field, input) {
    if (input.value === '') {
      delete this.values[field.name];
    } else {
      let value = Math.min(field.max, Math.max(field.min, Number(input.value)));
      if (field.step === 1) value = Math.round(value);
      input.value = String(value);
      this.values[field.name] = value;
    }
    this.keep();
  }

  keep() {
    localStorage.setItem(KEY, JSON.stringify(this.values));
  }
}
