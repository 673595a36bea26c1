/**
 * Editing manifests so that only the bytes change that mean the image or the value. Each
 * function takes a file's bytes and gives back new ones that are proven: read again, they
 * differ in the intended paths and in no other.
 */
export { type ChangedImage, changedImages } from './changed-images.ts';
export { loadParser } from './document.ts';
export type { ImageChange } from './image-change.ts';
export { editImage, editImageInFiles, type ListedImage, listImages } from './image-edit.ts';
export { parseAssignment } from './path.ts';
export { compilePattern, editPattern, findVersions } from './pattern.ts';
export type { EditedUse, EditResult } from './result.ts';
export { type Assignment, readValues, type SetOptions, setValues } from './set-values.ts';
export type { ManifestFile } from './text.ts';
