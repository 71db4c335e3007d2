// The page of `/docs`: the OpenAPI document for people, with a form to try each route. One file without
// anything from elsewhere, so that it works on a machine that sees no other.

const style = `
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2530}
h1{font-size:1.5rem}details{border:1px solid #cfd6dd;border-radius:6px;margin:.6rem 0;padding:.5rem .8rem}
summary{cursor:pointer}b{display:inline-block;min-width:3.4rem;color:#0b6}
b.post{color:#06c}code,textarea,pre,input{font:13px/1.45 ui-monospace,monospace}
textarea{width:100%;min-height:7rem;box-sizing:border-box}input{width:20rem;max-width:100%}
pre{background:#f3f5f7;padding:.6rem;overflow:auto;max-height:24rem;border-radius:4px}
button{padding:.3rem .9rem;margin:.4rem 0}table{border-collapse:collapse}
td,th{border-bottom:1px solid #dfe4e9;padding:.15rem .7rem .15rem 0;text-align:left}
@media(prefers-color-scheme:dark){body{background:#14191f;color:#dfe6ec}pre{background:#1f262e}}
`;

const script = `
const make=(name,text,parent,cls)=>{const e=document.createElement(name);
if(text!==undefined)e.textContent=text;if(cls)e.className=cls;parent.append(e);return e};
const main=document.querySelector('main');
const token=document.querySelector('#token');
const headers=()=>token.value?{authorization:'Bearer '+token.value}:{};
const refs=(doc,view)=>{const p=doc.paths['/get-online-features'].post.requestBody.content;
return p['application/json'].schema.properties.features.items.examples||[]};
const sample=(doc,path,op)=>{if(path!=='/get-online-features')return'{}';
const f=refs(doc),view=(f[0]||':').split(':')[0];
const one=Object.keys(doc.paths).find(p=>p.startsWith('/v1/features/'+view+'/'));
const keys=one?doc.paths[one].get.parameters.map(p=>[p.name,['…']]):[];
return JSON.stringify({features:f,entities:Object.fromEntries(keys)},null,2)};
const fields=(op,box)=>{const s=op.responses[200];const j=s&&s.content&&s.content['application/json'];
const props=j&&j.schema.properties&&j.schema.properties.features&&j.schema.properties.features.properties;
if(!props)return;const t=make('table',undefined,box);
for(const[n,v]of Object.entries(props)){const r=make('tr',undefined,t);make('td',n,r);
make('td',v.properties?v.properties.value.description:'',r)}};
const show=(doc,path,method,op)=>{const box=make('details',undefined,main);
const head=make('summary',undefined,box);make('b',method.toUpperCase(),head,method);
make('code',path,head);make('span',' '+(op.summary||''),head);fields(op,box);
const inputs=(op.parameters||[]).map(p=>{const l=make('label',p.name+' ',make('p',undefined,box));
return[p.name,make('input',undefined,l)]});
const body=op.requestBody?make('textarea',undefined,box):null;
if(body)body.value=sample(doc,path,op);const go=make('button','Try',make('p',undefined,box));
const out=make('pre','',box);go.onclick=async()=>{let url=path;
for(const[n,i]of inputs)url=url.replace('{'+n+'}',encodeURIComponent(i.value));
const init={method:method.toUpperCase(),headers:headers()};
if(body){init.body=body.value;init.headers['content-type']='application/json'}
try{const r=await fetch(url,init);const text=await r.text();let shown=text;
try{shown=JSON.stringify(JSON.parse(text),null,2)}catch{}
out.textContent=r.status+' '+r.statusText+'\\n\\n'+shown}catch(e){out.textContent=String(e)}}};
const load=async()=>{main.textContent='';const r=await fetch('openapi.json',{headers:headers()});
if(!r.ok){main.textContent=await r.text();return}const doc=await r.json();
document.querySelector('h1').textContent=doc.info.title;
for(const[path,ops]of Object.entries(doc.paths))
for(const[method,op]of Object.entries(ops))show(doc,path,method,op)};
token.onchange=load;load();
`;

const html = `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Features</title>
<style>${style}</style></head><body><h1>Features</h1>
<p>The document behind this page: <a href="openapi.json">openapi.json</a>.
<label>Token <input id="token" type="password" autocomplete="off"></label></p>
<main></main><script>${script}</script></body></html>
`;

/** The page, and what its browser may load: nothing but itself and this server. */
export const docsPage = {
  html,
  policy:
    "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'",
} as const;
