// What crafting makes of the graphs of its surrogates. Called in a child process: arguments and results are plain data.
import { surrogateWork } from '#shared/attacks';

export const { gradient, layer, mean, batch } = surrogateWork;
