/**
 * Files that hold environment variables (KEP-3721): lines `NAME='value'`, the value taken as it stands, over several lines if it has
 * them; comments and empty lines between. Pure.
 */

/** The variable's value; empty when the file does not set it. Throws an Error, with the kubelet's words, for a file that is none. */
export function envFileValue(text: string, key: string): string {
  const lines = text.replace(/\n$/, "").split("\n");
  const refuse = (at: number, why: string): never => {
    throw new Error(`invalid environment variable format at line ${at}: ${why}`);
  };
  for (let i = 0; i < lines.length; i++) {
    const line = (lines[i] as string).replace(/\r$/, "").replace(/^[ \t]+/, "");
    if (line === "" || line.startsWith("#")) continue;
    const equals = line.indexOf("=");
    if (equals < 0) refuse(i + 1, "missing '='");
    const name = line.slice(0, equals);
    if (name.trim() === "") refuse(i + 1, "empty variable name");
    if (/[ \t]$/.test(name)) refuse(i + 1, "whitespace before '=' is not allowed");
    const value = line.slice(equals + 1);
    // As a shell reads it: the variable is set to nothing.
    if (/^[ \t]/.test(value)) {
      if (name === key) return "";
      continue;
    }
    if (!value.startsWith("'")) refuse(i + 1, "value must be enclosed in single quotes");
    const begun = i + 1;
    let rest = value.slice(1);
    let content = "";
    for (;;) {
      const end = rest.indexOf("'");
      if (end >= 0) {
        content += rest.slice(0, end);
        if (!/^[ \t]*(#|$)/.test(rest.slice(end + 1))) refuse(i + 1, "unexpected content after closing quote");
        break;
      }
      content += `${rest}\n`;
      i++;
      if (i >= lines.length) throw new Error(`invalid environment variable format starting at line ${begun}: unclosed single quote`);
      rest = lines[i] as string;
    }
    if (name === key) return content;
  }
  return "";
}
