//! The recipe for Kubernetes against the schema of `batch/v1`, which Python's `kubernetes-validate` carries.

use std::path::Path;
use std::process::Command;

use crate::program::err;

/// Validates the recipe with each of the changes below, and then as the recipe is. A change that the
/// schema accepts, or a recipe that the schema refuses, is an error.
const SCRIPT: &str = r"
import copy, sys, yaml, kubernetes_validate as schema
job = yaml.safe_load(open(sys.argv[1]))
def refused(job):
    try:
        schema.validate(job, '1.31', strict=True)
    except schema.ValidationError as error:
        return str(error)
rules = lambda job: job['spec']['podFailurePolicy']['rules']
def typo(job): job['spec']['completionsMode'] = job['spec'].pop('completionMode')
def text(job): job['spec']['completions'] = '8'
def nothing(job): del rules(job)[0]['action']
def status(job): rules(job)[0]['onExitCodes']['values'] = ['2']
def bare(job): del job['spec']['template']
for change in [typo, text, nothing, status, bare]:
    changed = copy.deepcopy(job)
    change(changed)
    assert refused(changed), change.__name__
problem = refused(job)
assert problem is None, problem
spec = job['spec']
assert spec['completionMode'] == 'Indexed' and spec['template']['spec']['restartPolicy'] == 'Never'
parts = '$(JOB_COMPLETION_INDEX)/%d' % spec['completions']
[container] = spec['template']['spec']['containers']
assert '--shard-index=' + parts in container['args'], parts
assert rules(job)[0]['onExitCodes']['containerName'] == container['name']
";

/// The schema accepts the recipe, the number of parts is the number of completions, and the rule for
/// status 2 names the container. The schema refuses five wrong forms of the recipe.
#[test]
fn the_job_fits_its_schema() {
    let has = Command::new("python3").args(["-c", "import kubernetes_validate"]).output();
    let has = has.is_ok_and(|output| output.status.success());
    let required = std::env::var_os("HALFCLOSE_REQUIRE_FOREIGN").is_some();
    assert!(has || !required, "Python's kubernetes-validate is required");
    if !has {
        eprintln!("SKIPPED: Python has no kubernetes-validate");
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/recipes/kubernetes.yaml");
    let output = Command::new("python3").args(["-c", SCRIPT]).arg(path).output();
    let output = output.expect("there is a Python");
    assert!(output.status.success(), "{}", err(&output));
}
