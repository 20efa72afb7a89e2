import { openMemoryStore } from '../../cache/memory.ts'
import { storeContract } from '../contract/store.ts'

storeContract('the store in memory', () => openMemoryStore())
