/** The parts of CycloneDX 1.6 (ECMA-424) that a report fills, under the names of its JSON schema. */

export interface Bom {
  readonly $schema: string
  readonly bomFormat: 'CycloneDX'
  readonly specVersion: '1.6'
  /** `urn:uuid:…` */
  readonly serialNumber: string
  readonly version: number
  readonly metadata: {
    readonly timestamp: string
    readonly tools: { readonly components: readonly Component[] }
    readonly component: Component
  }
  readonly components: readonly Component[]
}

export interface Component {
  readonly type: 'machine-learning-model' | 'application'
  readonly 'bom-ref'?: string
  readonly name: string
  readonly version?: string
  readonly description?: string
  readonly modelCard?: ModelCard
}

export interface ModelCard {
  readonly modelParameters: {
    readonly task?: string
    readonly datasets: readonly DataSet[]
    readonly inputs?: readonly { readonly format: string }[]
    readonly outputs?: readonly { readonly format: string }[]
  }
  readonly quantitativeAnalysis: { readonly performanceMetrics: readonly PerformanceMetric[] }
  readonly considerations: {
    readonly useCases: readonly string[]
    readonly technicalLimitations: readonly string[]
    readonly performanceTradeoffs: readonly string[]
  }
  readonly properties: readonly Property[]
}

export interface DataSet {
  readonly type: 'dataset'
  readonly name: string
  readonly description: string
}

/** All values are texts in CycloneDX; numbers are written with every digit. */
export interface PerformanceMetric {
  readonly type: string
  readonly value: string
  readonly slice: string
  readonly confidenceInterval?: { readonly lowerBound: string; readonly upperBound?: string }
}

export interface Property {
  readonly name: string
  readonly value: string
}
