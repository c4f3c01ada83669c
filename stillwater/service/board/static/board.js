// Keeps a page as the record is: on an event of the stream it is fetched again and changed in place.
(() => {
  "use strict";
  const QUIET = 250; // gather events for that long, so that the steps that follow have begun
  const BETWEEN = 1000; // milliseconds from one fetch to the next, at least
  const SHARE = 4; // and that many times what a fetch takes, for a machine that is busy
  const AGAIN = 2000; // until a stream that was refused is tried again
  const live = () => document.getElementById("live");
  let source = null;
  let again = 0;
  let due = 0;
  let last = 0;
  let between = BETWEEN;

  // What a person has opened, closed or chosen stays so; what is new comes as the service says.
  const CHOSEN = { open: "DETAILS", selected: "OPTION" };
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
    CHOSEN[name] !== node.nodeName;

  const tell = (words) => {
    const told = document.getElementById("stream");
    if (told.textContent !== words) told.textContent = words;
  };

  const refresh = () => {
    if (due) return;
    due = setTimeout(() => {
      due = 0;
      last = Date.now();
      if (live()) htmx.trigger(live(), "refresh");
    }, Math.max(QUIET, last + between - Date.now()));
  };

  const ofAnother = (event) => {
    const machine = live()?.dataset.machine;
    return machine && event.data && JSON.parse(event.data).machine_id !== Number(machine);
  };

  const close = () => {
    clearTimeout(again);
    source?.close();
    source = null;
  };

  const open = () => {
    const events = live()?.dataset.events;
    if (!events || source || document.hidden) return;
    source = new EventSource(events);
    source.onopen = () => {
      tell("live");
      refresh(); // whatever came while there was no stream
    };
    source.onerror = () => {
      tell("reconnecting …");
      if (source.readyState !== EventSource.CLOSED) return;
      close();
      refresh(); // refused: the page itself may tell why
      again = setTimeout(open, AGAIN);
    };
    source.addEventListener("transition", (event) => ofAnother(event) || refresh());
    source.addEventListener("changed", refresh);
  };

  // A browser opens few connections to a host: a page that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);

  // Another page came, for a session that has ended say: show it as what it is.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { status } = event.detail.xhr;
    if (status === 200 && event.detail.serverResponse.includes('id="live"')) return;
    event.detail.shouldSwap = false;
    if (status === 200 || status === 401) location.reload();
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (live()?.dataset.events) return;
    close(); // it is finished: nothing more will come
    tell("");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    between = Math.max(BETWEEN, SHARE * (Date.now() - last));
    if (!event.detail.successful && source?.readyState === EventSource.OPEN) setTimeout(refresh, AGAIN);
  });
})();
