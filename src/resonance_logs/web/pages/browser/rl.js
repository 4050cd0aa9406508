// Format numbers and times in the reader's locale; names are only ever set as text.
document.documentElement.lang = 'en';
window.rl = {
  compact: value => value == null ? '' : new Intl.NumberFormat(undefined,
    {notation: 'compact', maximumSignificantDigits: 4}).format(value),
  whole: value => value == null ? '' : new Intl.NumberFormat().format(value),
  percent: value => value == null ? '' : new Intl.NumberFormat(undefined,
    {style: 'percent', maximumFractionDigits: 1}).format(value),
  round: value => value == null ? '' : new Intl.NumberFormat(undefined,
    {maximumFractionDigits: 0}).format(value),
  isPhone: () => window.innerWidth < 640,
  // The range of JavaScript dates; a recorder may send any whole number.
  isTime: ms => Math.abs(ms) <= 8.64e15,
  when: ms => ms == null ? '' : !rl.isTime(ms) ? 'unknown time'
    : new Intl.DateTimeFormat(undefined, rl.isPhone()
      ? {day: 'numeric', month: 'numeric', hour: 'numeric', minute: 'numeric'}
      : {dateStyle: 'medium', timeStyle: 'short'}).format(new Date(ms)),
  days: all => {
    const day = ms => new Date(ms).toDateString();
    const isOne = all.every(ms => day(ms) === day(all[0]));
    const form = new Intl.DateTimeFormat(undefined, isOne ? {timeStyle: 'short'}
      : {dateStyle: 'short'});
    const written = ms => rl.isTime(ms) ? form.format(ms) : 'unknown';
    return (_, place) => isOne || !place || day(all[place]) !== day(all[place - 1])
      ? written(all[place]) : '';
  },
  // In a table on a phone the time is below the date.
  whenCell: ms => rl.isPhone() ? rl.when(ms).replace(', ', ',\n') : rl.when(ms),
  // The width of a column of times in the reader's locale, in the font of the tables.
  whenWidth: () => {
    const pen = document.createElement('canvas').getContext('2d');
    pen.font = '14px "IBM Plex Sans", -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto';
    const texts = Array.from({length: 12},
      (_, month) => rl.whenCell(new Date(2028, month, 28, 22, 58)));
    const lines = texts.flatMap(text => text.split('\n'));
    const width = Math.max(...lines.map(line => pen.measureText(line).width));
    return Math.ceil(1.05 * width) + (rl.isPhone() ? 14 : 22);
  },
  // The first millisecond of one day and the last of another (2026-01-31), in the reader's time zone.
  bounds: (since, until) => {
    const start = (text, later) => {
      const [year, month, day] = text.split('-').map(Number);
      return new Date(year, month - 1, day + later).getTime();
    };
    return [since ? start(since, 0) : null, until ? start(until, 1) - 1 : null];
  },
  span: seconds => {
    if (seconds == null) return '';
    const s = Math.floor(seconds), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    const two = n => String(n).padStart(2, '0');
    return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
  },
  size: bytes => {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
    const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
    return new Intl.NumberFormat(undefined, {style: 'unit', unit: units[step],
      maximumSignificantDigits: 3}).format(bytes / 1000 ** step);
  },
  parts: (parts, size) => parts.map(part => typeof part === 'string' ? part
    : typeof part === 'number' ? rl.whole(part) : size(part.bytes)).join(''),
  text: (tag, content, cls, title) => {
    const made = document.createElement(tag);
    made.textContent = content;
    if (cls) made.className = cls;
    if (title) made.title = title;
    return made;
  },
  color: name => getComputedStyle(document.body).getPropertyValue(name).trim(),
  number: params => rl.text('span', rl.compact(params.value), '', rl.whole(params.value)),
  player: player => {
    const made = rl.text('span', player.name, 'rl-name' + (player.isLocalPlayer ? ' rl-you' : ''),
      player.className + (player.isLocalPlayer ? ' (you)' : ''));
    made.style.setProperty('--class', player.color);
    return made;
  },
  party: players => {
    const all = rl.text('span', '', '', players.map(player => player.name).join(', '));
    for (const player of players) all.append(rl.player(player), '  ');
    return all;
  },
  note: params => {
    const all = document.createElement('span');
    for (const tag of params.data.tags) all.append(rl.text('span', tag, 'rl-tag'), ' ');
    all.append(params.value);
    return all;
  },
};

// The URL holds the page's state; going back shows the state of the previous URL.
rl.go = (address, how) => {
  history[how](null, '', address);
  rl.address = location.pathname + location.search;
};
rl.address = location.pathname + location.search;
addEventListener('popstate', () => {
  if (rl.address !== location.pathname + location.search) location.reload();
});

// Preload large modules. Errors are ignored here and reported where a module is used: if the reader
// leaves the page meanwhile, it is no longer needed.
rl.fetch = name => import(name).catch(() => {});
addEventListener('load', () => setTimeout(() => rl.fetch('nicegui-echart'), 200));

// <span data-rl="compact" data-value="1234"> shows its value in the reader's locale; the value of
// "text" is a list of texts and numbers, with sizes as {"bytes": 1234}.
rl.write = element => {
  const {rl: form, value, written} = element.dataset;
  if (written === value) return;
  element.dataset.written = value;
  if (form === 'text') {
    const parts = JSON.parse(value);
    element.textContent = rl.parts(parts, rl.size);
    if (parts.some(part => part.bytes)) {
      element.title = rl.parts(parts, bytes => `${rl.whole(bytes)} bytes`);
    }
    return;
  }
  element.textContent = rl[form](Number(value));
  if (form === 'compact') element.title = rl.whole(Number(value));
};
addEventListener('load', () => setTimeout(() => document.querySelector('.rl-nav [aria-current]')
  ?.scrollIntoView({inline: 'center', block: 'nearest'}), 0));
new MutationObserver(() => {
  document.querySelectorAll('[data-rl]').forEach(rl.write);
  const named = {'.q-uploader__input': 'File', '.q-loading-bar': 'Loading'};
  for (const [parts, name] of Object.entries(named)) {
    document.querySelectorAll(parts).forEach(part => { part.ariaLabel = name; });
  }
})
  .observe(document, {subtree: true, childList: true, attributeFilter: ['data-value']});

// Keys: / focuses the filter, ? opens the help, arrow down moves from the filters to the list.
document.addEventListener('keydown', event => {
  const typing = event.target.closest('input, textarea, [contenteditable=true], .ag-root');
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '?' && !event.target.closest('input, textarea')) emitEvent('help', null);
  if (event.key === '/' && !event.target.closest('input, textarea')) {
    const filter = document.querySelector('.rl-filter input, .rl-filter');
    if (filter) { event.preventDefault(); filter.focus(); }
  }
  if (event.key === 'ArrowDown' && !typing) {
    const cell = document.querySelector('.ag-center-cols-container [role=row] [role=gridcell]');
    if (cell) { event.preventDefault(); cell.focus(); }
  }
});

// The same as fold_name in Python, so that a box finds what the server finds.
rl.fold = text => text.normalize('NFKD').toLowerCase().toUpperCase().toLowerCase()
  .normalize('NFKD').replaceAll('\u03c2', '\u03c3').replace(/i(\p{M}*?)\u0307+/gu, 'i$1')
  .normalize('NFKC');

// A box with options filters them itself, and NiceGUI's filter knows no more than case.
document.addEventListener('focusin', event => {
  const input = event.target;
  const box = input.matches('.q-select input') && getElement(input);
  if (!box) return;
  box.findFilteredOptions = () => {
    const wanted = rl.fold(input.value);
    return box.initialOptions.filter(option => rl.fold(String(option.label)).includes(wanted));
  };
});

// Enter selects the first remaining option if none is focused.
document.addEventListener('keydown', event => {
  if (event.key !== 'Enter' || !event.target.matches('.rl-choice input')) return;
  const options = [...document.querySelectorAll('.q-menu [role=option]')];
  const isGoneTo = options.some(each => each.classList.contains('q-manual-focusable--focused'));
  if (!event.target.value || !options.length || isGoneTo) return;
  event.preventDefault();
  event.stopPropagation();
  options[0].click();
}, true);
