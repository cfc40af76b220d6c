"""Records trajectories of bsuite 0.3.6's cart-pole swing-up: python dump_cartpole_swing_up.py FOLDER_OF_BSUITE > cartpole_swing_up.json

Needs numpy and dm_env; the package is read without its other dependencies.
"""
import sys, types, json, numpy as np, collections, importlib
root=sys.argv[1]
def pkg(n,p):
    m=types.ModuleType(n); m.__path__=[p]; sys.modules[n]=m
for n in ("bsuite","bsuite.environments","bsuite.experiments","bsuite.experiments.cartpole_swingup","bsuite.experiments.cartpole"):
    pkg(n,root+n[len("bsuite"):].replace(".","/"))
mod=importlib.import_module("bsuite.experiments.cartpole_swingup.cartpole_swingup")
rng=np.random.default_rng(0)
def run(policy,steps,state=None,**kw):
    env=mod.CartpoleSwingup(seed=1,**kw); ts=env.reset()
    if state is not None: env._state=env._state._replace(**state)
    s0=[float(v) for v in env._state]
    ep=dict(policy=policy.__name__,s0=s0,actions=[],states=[],obs=[],rewards=[],terminated=[],terminated_at=None)
    for t in range(steps):
        a=policy(env._state,t); ts=env.step(a)
        ep["actions"].append(int(a)); ep["states"].append([float(v) for v in env._state])
        ep["obs"].append([float(str(v)) for v in ts.observation[0]]); ep["rewards"].append(float(ts.reward))
        if ts.last(): ep["terminated_at"]=t; ep["terminated"]=[t]; break
    return ep
def random(s,t): return int(rng.integers(0,3))
def swing(s,t): return 2 if s.theta_dot*np.cos(s.theta)<0 else 0
def right(s,t): return 2
def stay(s,t): return 1
eps=[run(random,120),run(swing,120),run(right,200),run(stay,40,dict(x=0.9,x_dot=0.5,theta=0.3,theta_dot=-1.2)),run(swing,60,dict(theta=6.2,theta_dot=9.0))]
e=run(stay,5000)
d={"source":"bsuite 0.3.6, numpy "+np.__version__,"note":"s0 and states: x, x_dot, theta, theta_dot, time_elapsed, exact f64; obs: f32","stay_until_the_end":{"s0":e["s0"],"terminated_at":e["terminated_at"],"last_obs":e["obs"][-1]},"episodes":eps}
print(json.dumps(d,separators=(",",":")))
