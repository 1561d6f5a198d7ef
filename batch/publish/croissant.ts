/** The release as a Croissant 1.1 document (docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html). */
import type { ReleaseContent } from './content.ts';
import { licenceUrl } from './documents.ts';
import type { RenderedTable } from './tables.ts';

/** A file that the document lists. */
export interface DataFile {
  /** Its name in the document: unique, and for files within the release their path. */
  name: string;
  /** Address relative to the document. */
  path: string;
  bytes: number;
  sha256: string;
  mediaType: string;
}

const dataTypes = {
  STRING: 'sc:Text',
  INT32: 'sc:Integer',
  INT64: 'sc:Integer',
  DOUBLE: 'sc:Float',
  BOOLEAN: 'sc:Boolean',
};

/** The context that the specification asks for. */
const croissantContext = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  arrayShape: 'cr:arrayShape',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  containedIn: 'cr:containedIn',
  cr: 'http://mlcommons.org/croissant/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  description: { '@container': '@language' },
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileObject: 'cr:fileObject',
  fileProperty: 'cr:fileProperty',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isArray: 'cr:isArray',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  name: { '@container': '@language' },
  parentField: 'cr:parentField',
  path: 'cr:path',
  rai: 'http://mlcommons.org/croissant/RAI/',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  samplingRate: 'cr:samplingRate',
  sc: 'https://schema.org/',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
};

/**
 * The release as one Croissant 1.1 document, which is a schema.org Dataset too. Addresses are relative to the document,
 * so that they hold wherever the release is served; manifest.json is not among them, since it lists this file.
 * Croissant asks for a date, which only the study can say: the day on which somebody ran it is no part of the release.
 */
export function croissant(content: ReleaseContent, version: string, tables: RenderedTable[], files: DataFile[]) {
  const { study } = content;
  const { date } = study.release;
  return {
    '@context': croissantContext,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.1',
    name: study.title,
    alternateName: study.id,
    description: study.description || study.title,
    license: licenceUrl(study.release.licence),
    url: './',
    version,
    ...(date && { datePublished: date }),
    creator: { '@type': 'sc:Organization', name: 'The Perturbation Atlas authors' },
    citeAs: `The Perturbation Atlas authors, "${study.title}", release ${version}${date ? `, ${date.slice(0, 4)}` : ''}`,
    keywords: ['universal adversarial perturbation', 'adversarial examples', 'robustness', 'transferability'],
    distribution: files.map((file) => ({
      '@type': 'cr:FileObject',
      '@id': file.name,
      name: file.name,
      contentUrl: file.path,
      contentSize: `${file.bytes} B`,
      encodingFormat: file.mediaType.replace(/;.*/, ''),
      sha256: file.sha256,
    })),
    recordSet: [...tables.map(tableRecords), ...(content.photos.length > 0 ? [photoRecords] : [])],
  };
}

function tableRecords({ name, title, columns }: RenderedTable) {
  return {
    '@type': 'cr:RecordSet',
    '@id': name,
    name,
    description: title,
    field: columns.map((column) => ({
      '@type': 'cr:Field',
      '@id': `${name}/${column.name}`,
      name: column.name,
      description: column.description,
      dataType: dataTypes[column.type],
      source: { fileObject: { '@id': `tables/${name}.csv` }, extract: { column: column.name } },
    })),
  };
}

const photoFields = {
  file: 'File name of the photo, as the tables have it',
  author: 'Who made it',
  licence: 'Its licence',
  source: 'Where it comes from',
};

const photoRecords = {
  '@type': 'cr:RecordSet',
  '@id': 'photos',
  name: 'photos',
  description: 'The evaluation photos that the release shows, each with its author and licence',
  field: Object.entries(photoFields).map(([name, description]) => ({
    '@type': 'cr:Field',
    '@id': `photos/${name}`,
    name,
    description,
    dataType: 'sc:Text',
    source: { fileObject: { '@id': 'photos/photos.json' }, extract: { jsonPath: `$[*].${name}` } },
  })),
};
