/**
 * Where authentication and authorization read objects from: an informer, or the server's own cache. Both hand over what is
 * there on `addHandlers`, and every change after, in order.
 */
export interface ObjectHandlers<T> {
  onAdd?(object: T, inInitialList: boolean): void;
  onUpdate?(object: T, old: T): void;
  onDelete?(object: T): void;
}

export interface ObjectSource<T extends object> {
  /** Answers the removal. */
  addHandlers(handlers: ObjectHandlers<T>): () => void;
}
