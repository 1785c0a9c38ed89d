// Named events with any number of listeners.

export class Emitter {
  #listeners = new Map();

  /** Calls `listener` at each event of that name, until the returned function is called. */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** A promise of the next event of that name. */
  next(name) {
    return new Promise((resolve) => {
      const off = this.on(name, (event) => {
        off();
        resolve(event);
      });
    });
  }

  emit(name, event) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        // Thrown where the page's error handlers see it: a listener's mistake must not cost the connection.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
