/** Field sets after a change of their type, and with the fields that sets leave out. */
import { type Atom, firstForm, keyAtom, type MapAtom } from "./atom.ts";
import { type Entry, FieldSet, sortEntries } from "./field-set.ts";

const reconciled = new WeakMap<Atom, WeakMap<FieldSet, FieldSet>>();

/**
 * The set as the type now wants it: where a container became atomic, who owned a part owns the whole. Remembered, since this
 * is asked on every write.
 */
export function reconcileSet(set: FieldSet, atom: Atom): FieldSet {
  let known = reconciled.get(atom);
  if (known === undefined) reconciled.set(atom, (known = new WeakMap<FieldSet, FieldSet>()));
  let result = known.get(set);
  if (result === undefined) {
    result = reconcileBelow(set, atom);
    known.set(set, result);
  }
  return result;
}

function reconcileBelow(set: FieldSet, atom: Atom): FieldSet {
  let same = true;
  const entries = set.entries.map((entry) => {
    const type = childAtom(atom, entry);
    const changed = type === undefined ? entry : reconcileEntry(entry, type);
    if (changed !== entry) same = false;
    return changed;
  });
  return same ? set : FieldSet.of(entries);
}

function reconcileEntry(entry: Entry, atom: Atom): Entry {
  const { element, member, children } = entry;
  const form = firstForm(atom);
  if (form === "scalar" || (form === "map" && atom.map?.deduced)) return entry;
  const atomic = form === "map" ? atom.map?.atomic : atom.list?.atomic;
  // An atomic list without a member and without parts cannot stand in a set; with parts it is taken over whole.
  if (atomic) return children === undefined ? entry : { element, member: true, children: undefined };
  if (children === undefined) return entry;
  const below = reconcileBelow(children, atom);
  return below === children ? entry : { element, member, children: below };
}

/** The type below an entry; undefined when the type does not know it. */
function childAtom(atom: Atom, entry: Entry): Atom | undefined {
  const form = firstForm(atom);
  if (form === "list") return atom.list?.element();
  return form === "map" && entry.element.kind === "f" ? keyAtom(atom.map as MapAtom, entry.element.name) : undefined;
}

/** The set with the structs on the way to its paths as members too: needed before sets of paths say what to remove. */
export function withNamedFields(set: FieldSet, atom: Atom | undefined): FieldSet {
  const entries = set.entries.map((entry): Entry => {
    const { element, member, children } = entry;
    if (children === undefined) return entry;
    const { map, list } = atom ?? {};
    const named = element.kind === "f" && map?.fields.has(element.name) === true;
    let type: Atom | undefined;
    if (element.kind === "f" && map !== undefined) type = keyAtom(map, element.name);
    else if (element.kind === "k") type = list?.element();
    return { element, member: member || named, children: withNamedFields(children, type) };
  });
  return FieldSet.of(sortEntries(entries));
}
