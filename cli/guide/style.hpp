// How the guide looks: colours are names that light and dark each give a value, so that drawings follow too.
#pragma once

namespace topkit::cli::guide {

inline constexpr const char* kStyle = R"(:root {
  --paper: #ffffff; --ink: #1c2024; --dim: #5b6570; --rule: #d9dee3; --soft: #f4f6f8; --link: #0b57b0;
  --s0: #0b6bcb; --s1: #c2410c; --s2: #15803d; --s3: #7e22ce; --s4: #a16207; --s5: #be185d; --s6: #0e7490;
  --t0: #f6a38f; --t1: #fbd9cf; --t2: #eef0f2; --t3: #d3e8fb; --t4: #a3cff5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181b; --ink: #e6e9ec; --dim: #9aa4ae; --rule: #343a40; --soft: #1e2226; --link: #7db8ff;
    --s0: #5aa9f5; --s1: #f59e6b; --s2: #5fca85; --s3: #c490f0; --s4: #dfb64c; --s5: #f283b4; --s6: #55c6dc;
    --t0: #8c2f1b; --t1: #55291f; --t2: #2a2f34; --t3: #173a5a; --t4: #14528a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4em; }
h2 { font-size: 1.35rem; margin: 2.2em 0 .5em; padding-top: .5em; border-top: 1px solid var(--rule); }
h3 { font-size: 1.08rem; margin: 1.6em 0 .4em; }
h4 { font-size: .95rem; margin: 0 0 .5em; }
p { max-width: 75ch; margin: .6em 0; overflow-wrap: break-word; }
.lead { font-size: 1.08rem; color: var(--dim); }
a { color: var(--link); }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 1em 0; font-size: .95rem; }
code { font: .88em/1.4 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; background: var(--soft); padding: .1em .3em; border-radius: 3px; overflow-wrap: anywhere; }
pre { background: var(--soft); border: 1px solid var(--rule); border-radius: 6px; padding: 10px 12px; overflow-x: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
ul { margin: .2em 0; padding-left: 1.3em; max-width: 85ch; }
li { margin: .15em 0; }
.scroll { overflow-x: auto; margin: .8em 0; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 9px; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { text-align: left; color: var(--dim); font-weight: 600; }
.n { text-align: right; white-space: nowrap; }
td.w:first-child { white-space: nowrap; }
.t0 { background: var(--t0); font-weight: 700; } .t1 { background: var(--t1); font-weight: 700; } .t2 { background: var(--t2); } .t3 { background: var(--t3); } .t4 { background: var(--t4); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 20px; margin: 1em 0; align-items: start; }
figure { margin: 0; border: 1px solid var(--rule); border-radius: 8px; padding: 12px; min-width: 0; }
figcaption { color: var(--dim); font-size: .84rem; margin-top: 6px; }
figure svg { display: block; width: 100%; max-width: 520px; height: auto; }
details { font-size: .84rem; margin-top: 6px; } summary { cursor: pointer; color: var(--dim); }
svg text { fill: var(--ink); font: 12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
svg .dim { fill: var(--dim); } svg .end { text-anchor: end; } svg .mid { text-anchor: middle; } svg .strong { font-weight: 700; }
svg .rule { stroke: var(--rule); stroke-width: 1; } svg .axis { stroke: var(--dim); stroke-width: 1; }
svg .floor { stroke: var(--dim); stroke-width: 1.5; stroke-dasharray: 5 4; fill: none; } svg .rest { fill: var(--dim); opacity: .45; }
svg .l { fill: none; stroke-width: 2; }
svg .f0 { fill: var(--s0); } svg .f1 { fill: var(--s1); } svg .f2 { fill: var(--s2); } svg .f3 { fill: var(--s3); } svg .f4 { fill: var(--s4); } svg .f5 { fill: var(--s5); } svg .f6 { fill: var(--s6); }
svg .c0 { stroke: var(--s0); } svg .c1 { stroke: var(--s1); } svg .c2 { stroke: var(--s2); } svg .c3 { stroke: var(--s3); } svg .c4 { stroke: var(--s4); } svg .c5 { stroke: var(--s5); } svg .c6 { stroke: var(--s6); }
@media (max-width: 600px) { table { font-size: .78rem; } th, td { padding: 4px 5px; } main { padding: 16px 12px 48px; } }
)";

}  // namespace topkit::cli::guide
