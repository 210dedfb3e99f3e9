import type { PodTemplate } from "../../schema/types/core-v1.ts";
import { containerCells, labelsText } from "../cell-text.ts";

export function podTemplateCells({ metadata, template }: PodTemplate): unknown[] {
  return [metadata?.name ?? "", ...containerCells(template?.spec?.containers), labelsText(template?.metadata?.labels)];
}
