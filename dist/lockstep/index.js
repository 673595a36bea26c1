#!/usr/bin/env node
import{existsSync as d,readdirSync as u,readFileSync as h}from"node:fs";import{dirname as c,join as i}from"node:path";import{fileURLToPath as g,pathToFileURL as w}from"node:url";var t={show:"Show a pull request of promotion-pr, or all",approve:"Approve one",merge:"Merge one",close:"Close one without merging it",comment:"Say something of one",ready:"Take a draft for one that may be merged"},a="review-promotion";var o=c(c(g(import.meta.url))),n=u(o).filter(e=>e!=="lockstep"&&d(i(o,e,"index.js"))).sort(),[,b="",s,...r]=process.argv,m=`Usage: lockstep <step> [--name value ...]

Steps: ${n.join(", ")}
lockstep <step> --help lists a step's inputs and outputs.
lockstep completion bash|zsh|fish prints a script that completes both.
lockstep --version prints the version.

Short for ${a}: lockstep ${Object.keys(t).join("|")} [number]
`;if(s===void 0)process.stderr.write(`error: no step is named; as a plugin each has an image of its own, by its tag (lockstep:${n[0]})

${m}`),process.exitCode=2;else if(s==="--help"||s==="-h")process.stdout.write(m);else if(s==="--version"){let{version:e}=JSON.parse(h(i(o,"package.json"),"utf8"));process.stdout.write(`${e}
`)}else if(n.includes(s))await l(s,r);else if(s==="completion")k(r[0]??"");else if(Object.hasOwn(t,s)){let[e="",...p]=r,f=/^\d+$/.test(e)?[`--number=${e}`,...p]:r;await l(a,[`--action=${s}`,...f])}else{let e=[...n,...Object.keys(t)];process.stderr.write(`error: there is no step "${s}"; there are ${e.join(", ")}
`),process.exitCode=2}async function l(e,p){process.argv=[process.execPath,b,...p],await import(w(i(o,e,"index.js")).href)}function k(e){if(["bash","zsh","fish"].includes(e)){process.stdout.write(h(i(o,"lockstep",`completion.${e}`)));return}process.stderr.write(`error: completion is for one of bash, zsh, fish; name it
`),process.exitCode=2}
