/** The types of the experiment API as one text: what scripts are checked against. */
import experiment from '../../../resources/api/contpte-lab.d.ts?raw'
import hugePages from '../../../resources/api/huge-pages.d.ts?raw'
import machine from '../../../resources/api/machine.d.ts?raw'

export const API_TYPES = `${experiment}\n${machine}\n${hugePages}`
