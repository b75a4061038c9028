/** The types of the experiment API as one text: what scripts are checked against. */
import agents from '../../../resources/api/agents.d.ts?raw'
import experiment from '../../../resources/api/contpte-lab.d.ts?raw'
import hugePages from '../../../resources/api/huge-pages.d.ts?raw'
import machine from '../../../resources/api/machine.d.ts?raw'
import models from '../../../resources/api/models.d.ts?raw'

export const API_TYPES = [experiment, machine, agents, hugePages, models].join('\n')
