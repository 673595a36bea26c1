#!/usr/bin/env node
import{existsSync as d,readdirSync as u,readFileSync as h}from"node:fs";import{dirname as a,join as i}from"node:path";import{fileURLToPath as g,pathToFileURL as w}from"node:url";var c={show:"Show a pull request of promotion-pr, or all",approve:"Approve one",merge:"Merge one"},p="review-promotion";var o=a(a(g(import.meta.url))),r=u(o).filter(e=>e!=="lockstep"&&d(i(o,e,"index.js"))).sort(),[,v="",s,...t]=process.argv,l=`Usage: lockstep <step> [--name value ...]

Steps: ${r.join(", ")}
lockstep <step> --help lists a step's inputs and outputs.
lockstep completion bash|zsh|fish prints a script that completes both.
lockstep --version prints the version.

Short for ${p}: lockstep show [number], lockstep approve <number>, lockstep merge <number>
`;if(s===void 0)process.stderr.write(`error: no step is named; as a plugin each has an image of its own, by its tag (lockstep:${r[0]})

${l}`),process.exitCode=2;else if(s==="--help"||s==="-h")process.stdout.write(l);else if(s==="--version"){let{version:e}=JSON.parse(h(i(o,"package.json"),"utf8"));process.stdout.write(`${e}
`)}else if(r.includes(s))await m(s,t);else if(s==="completion")b(t[0]??"");else if(Object.hasOwn(c,s)){let[e="",...n]=t,f=/^\d+$/.test(e)?[`--number=${e}`,...n]:t;await m(p,[`--action=${s}`,...f])}else process.stderr.write(`error: there is no step "${s}"; there are ${r.join(", ")}
`),process.exitCode=2;async function m(e,n){process.argv=[process.execPath,v,...n],await import(w(i(o,e,"index.js")).href)}function b(e){if(["bash","zsh","fish"].includes(e)){process.stdout.write(h(i(o,"lockstep",`completion.${e}`)));return}process.stderr.write(`error: completion is for one of bash, zsh, fish; name it
`),process.exitCode=2}
