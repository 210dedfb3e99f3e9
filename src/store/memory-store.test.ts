import { storeContract } from "./contract.ts";
import { memoryStore } from "./memory-store.ts";

storeContract({ name: "memory", open: (clock) => Promise.resolve(memoryStore({ clock, historyAge: 0 })) });
