#compdef lockstep
# Completion of lockstep for zsh: source <(lockstep completion zsh)
# Written by npm run build from actions/*/step.ts.
_lockstep() {
	local -a steps
	steps=(
		'bump-image:Write an image into the files of another repository, as one commit'
		'hold:Keep an image or a file as it is in a branch, until the hold is lifted'
		'promotion-pr:Ask by a pull request that an environment takes an image, and keep that request true'
		'review-promotion:Show, approve, merge or close pull requests, even where there is no forge'
		'rollback:Take an image back in the files of another repository, and keep it there'
		'rolling-deploy:Bring manifests to a cluster, wait until they run, and say why when they do not'
		'tag-source:Tag a commit of the source with what was baked, deployed or released of it'
		'verify-deployment:Prove that what runs is the image that was promoted, and that it answers'
		'show:Show a pull request of promotion-pr, or all'
		'approve:Approve one'
		'merge:Merge one'
		'close:Close one without merging it'
		'comment:Say something of one'
		'ready:Take a draft for one that may be merged'
		'completion:A script for a shell'
	)
	if (( CURRENT == 2 )); then
		_describe step steps
		return
	fi
	local step=$words[2]
	shift words
	(( CURRENT-- ))
	case $step in
	bump-image)
		_arguments \
			'*--file[Files to edit, from the top of the repository\: paths, or globs such as `apps/**/*.yaml`]:file:_files' \
			'*--image[Image to look for, without tag\: `ghcr.io/acme/api`]:image:_files' \
			'*--tag[Tag to write]:tag:_files' \
			'*--digest[Digest to write, `sha256\:...`\: in place of the tag, or beside it where `tag` is given too]:digest:_files' \
			'*--container[Change only what this container uses (or this key of Helm values, or this compose service)]:container:_files' \
			'*--all[Change every use, even where they have different tags now]' \
			'*--no-all[Not\: Change every use, even where they have different tags now]' \
			'*--set[Values to set, as `path=value` lines, in place of looking for `image`\: `image.tag={{tag}}`, `Deployment/web\:spec.replicas=3`, `images\[name=api\].newTag={{tag}}`]:set:_files' \
			'*--pattern[Regular expression with a group `version`, for files that are no YAML or JSON\: `^api_version = "(?<version>\[^"\]*)"`]:pattern:_files' \
			'*--create-missing[Create keys that are not there]' \
			'*--no-create-missing[Not\: Create keys that are not there]' \
			'*--environment[Environment that the files belong to, for the record]:environment:_files' \
			'*--source-repository[Repository that the image was built from, for the record]:source-repository:_files' \
			'*--source-commit[Commit that the image was built from, for the record]:source-commit:_files' \
			'*--commit-message[Message of the commit]:commit-message:_files' \
			'*--push-timeout[Give up, with exit code 3, when others push faster than this step for so long]:push-timeout:_files' \
			'*--allow-older[Write the image even over one that was built from a later commit]' \
			'*--no-allow-older[Not\: Write the image even over one that was built from a later commit]' \
			'*--verified[Commit by the forge'\''s API in place of a push\: GitHub signs such a commit and shows it as verified; Gitea and Forgejo do where they have a key]' \
			'*--no-verified[Not\: Commit by the forge'\''s API in place of a push\: GitHub signs such a commit and shows it as verified; Gitea and Forgejo do where they have a key]' \
			'*--repository[The repository\: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file)]:repository:_files' \
			'*--branch[Branch to write to]:branch:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Author and committer of what is written]:author-name:_files' \
			'*--author-email[The author'\''s e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	hold)
		_arguments \
			'*--image[Image to hold, without tag\: `ghcr.io/acme/api`]:image:_files' \
			'*--file[File to hold, from the top of the repository\: nothing in it is bumped]:file:_files' \
			'*--reason[Why it is held, for everybody whom the hold stops; sets the hold]:reason:_files' \
			'*--until[When the hold ends by itself\: a time (`2026-03-01T12\:00\:00Z`), or a duration from now (`2h`)]:until:_files' \
			'*--lift[Lift the hold; `reason` then says why, in the commit]' \
			'*--no-lift[Not\: Lift the hold; `reason` then says why, in the commit]' \
			'*--verified[Commit by the forge'\''s API in place of a push\: GitHub signs such a commit and shows it as verified; Gitea and Forgejo do where they have a key]' \
			'*--no-verified[Not\: Commit by the forge'\''s API in place of a push\: GitHub signs such a commit and shows it as verified; Gitea and Forgejo do where they have a key]' \
			'*--push-timeout[Give up, with exit code 3, when others push faster than this step for so long]:push-timeout:_files' \
			'*--repository[The repository\: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file)]:repository:_files' \
			'*--branch[Branch to write to]:branch:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Author and committer of what is written]:author-name:_files' \
			'*--author-email[The author'\''s e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	promotion-pr)
		_arguments \
			'*--file[Files to edit, from the top of the repository\: paths, or globs such as `apps/**/*.yaml`]:file:_files' \
			'*--image[Image to promote\: `ghcr.io/acme/api\:1.4.0`, or without a tag the name of one that runs already]:image:_files' \
			'*--tag[Tag of the image]:tag:_files' \
			'*--digest[Digest to write, `sha256\:...`\: in place of the tag, or beside it where `tag` is given too]:digest:_files' \
			'*--container[Change only what this container uses (or this key of Helm values, or this compose service)]:container:_files' \
			'*--all[Change every use, even where they have different tags now]' \
			'*--no-all[Not\: Change every use, even where they have different tags now]' \
			'*--set[Values to set, as `path=value` lines, in place of looking for `image`\: `image.tag={{tag}}`, `Deployment/web\:spec.replicas=3`, `images\[name=api\].newTag={{tag}}`]:set:_files' \
			'*--pattern[Regular expression with a group `version`, for files that are no YAML or JSON\: `^api_version = "(?<version>\[^"\]*)"`]:pattern:_files' \
			'*--create-missing[Create keys that are not there]' \
			'*--no-create-missing[Not\: Create keys that are not there]' \
			'*--environment[Environment that the files belong to, for the record]:environment:_files' \
			'*--source-repository[Repository that the image was built from, for the record]:source-repository:_files' \
			'*--source-commit[Commit that the image was built from, for the record]:source-commit:_files' \
			'*--commit-message[Message of the commit]:commit-message:_files' \
			'*--push-timeout[Give up, with exit code 3, when others push faster than this step for so long]:push-timeout:_files' \
			'*--branch[Branch of the pull request, which belongs to the step]:branch:_files' \
			'*--base[Branch that the pull request is to be merged into]:base:_files' \
			'*--from-file[File that the image is read from, where it runs now\: in the workspace, or in `from-repository`]:from-file:_files' \
			'*--from-repository[Repository that has `from-file`\: `owner/name`, or any clone URL]:from-repository:_files' \
			'*--from-branch[Branch of `from-repository`]:from-branch:_files' \
			'*--title[Title of the pull request]:title:_files' \
			'*--body[Markdown to stand above what the step itself tells in the body; filled in as `title` is]:body:_files' \
			'*--labels[Labels that the pull request is to have]:labels:_files' \
			'*--reviewers[Users to ask for a review; on a plain git server names or e-mail addresses, whose approvals a merge waits for]:reviewers:_files' \
			'*--team-reviewers[Teams of the organization to ask for a review]:team-reviewers:_files' \
			'*--assignees[Users to assign]:assignees:_files' \
			'*--draft[Open the pull request as a draft]' \
			'*--no-draft[Not\: Open the pull request as a draft]' \
			'*--overwrite[Throw away commits that somebody else put on the branch of the pull request]' \
			'*--no-overwrite[Not\: Throw away commits that somebody else put on the branch of the pull request]' \
			'*--close-superseded[Close open pull requests that promote the same image to the same environment from other branches of the step'\''s, with a comment that names this one]' \
			'*--no-close-superseded[Not\: Close open pull requests that promote the same image to the same environment from other branches of the step'\''s, with a comment that names this one]' \
			'*--auto-merge[Have the forge merge it in this way as soon as the rules of its base allow it, or at once where they do already]:auto-merge:(merge squash rebase)' \
			'*--wait[What to wait for, as long as `timeout` allows\: `merged` fails where it is closed without being merged, `closed` takes either end]:wait:(none merged closed)' \
			'*--branch-prefix[What the names of all branches of the step begin with]:branch-prefix:_files' \
			'*--allow-older[Write the image even over one that was built from a later commit]' \
			'*--no-allow-older[Not\: Write the image even over one that was built from a later commit]' \
			'*--verified[Commit by the forge'\''s API in place of a push\: GitHub signs such a commit and shows it as verified; Gitea and Forgejo do where they have a key]' \
			'*--no-verified[Not\: Commit by the forge'\''s API in place of a push\: GitHub signs such a commit and shows it as verified; Gitea and Forgejo do where they have a key]' \
			'*--repository[The repository\: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file)]:repository:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Author and committer of what is written]:author-name:_files' \
			'*--author-email[The author'\''s e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	review-promotion)
		_arguments \
			'*--action[What to do; `ready` takes a draft for one that may be merged]:action:(show approve merge close comment ready)' \
			'*--number[Number of the pull request]:number:_files' \
			'*--method[How to merge]:method:(merge squash rebase)' \
			'*--message[The comment, or why it is approved or closed]:message:_files' \
			'*--commit[Approve or merge only while the pull request stands at this commit, which was looked at]:commit:_files' \
			'*--repository[The repository\: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file)]:repository:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Who does it, on a plain git server]:author-name:_files' \
			'*--author-email[Their e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	rollback)
		_arguments \
			'*--file[Files to edit, from the top of the repository\: paths, or globs such as `apps/**/*.yaml`]:file:_files' \
			'*--image[Image to take back, without tag\: `ghcr.io/acme/api`]:image:_files' \
			'*--to[What to go back to\: `previous`, a tag, or a whole reference (`ghcr.io/acme/api\:1.3.0`)]:to:_files' \
			'*--to-commit[Commit of the repository, in full\: go back to the image as the files had it then]:to-commit:_files' \
			'*--container[Change only what this container uses (or this key of Helm values, or this compose service)]:container:_files' \
			'*--all[Change every use, even where they have different tags now]' \
			'*--no-all[Not\: Change every use, even where they have different tags now]' \
			'*--set[Where the version stands that was written by paths, in place of looking for `image`\: the lines that `bump-image` was given, as `image.tag={{tag}}`, without those of other values]:set:_files' \
			'*--pattern[The same by a regular expression with a group `version`, for files that are no YAML or JSON]:pattern:_files' \
			'*--reason[Why, for the commit and for everybody whom the hold stops]:reason:_files' \
			'*--hold[Hold the image, so that no `bump-image` brings back what was taken back; `hold` lifts it]' \
			'*--no-hold[Not\: Hold the image, so that no `bump-image` brings back what was taken back; `hold` lifts it]' \
			'*--until[When the hold ends by itself\: a time (`2026-03-01T12\:00\:00Z`), or a duration from now (`2h`)]:until:_files' \
			'*--environment[Environment that the files belong to, for the record]:environment:_files' \
			'*--pull-request[Open a pull request in place of pushing]' \
			'*--no-pull-request[Not\: Open a pull request in place of pushing]' \
			'*--branch-prefix[What the names of the branches of pull requests begin with]:branch-prefix:_files' \
			'*--overwrite[Throw away commits that somebody else put on the branch of the pull request]' \
			'*--no-overwrite[Not\: Throw away commits that somebody else put on the branch of the pull request]' \
			'*--commit-message[Message of the commit that takes the image back]:commit-message:_files' \
			'*--verified[Commit by the forge'\''s API in place of a push\: GitHub signs such a commit and shows it as verified; Gitea and Forgejo do where they have a key]' \
			'*--no-verified[Not\: Commit by the forge'\''s API in place of a push\: GitHub signs such a commit and shows it as verified; Gitea and Forgejo do where they have a key]' \
			'*--push-timeout[Give up, with exit code 3, when others push faster than this step for so long]:push-timeout:_files' \
			'*--branch[Branch to take the image back in]:branch:_files' \
			'*--repository[The repository\: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file)]:repository:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Author and committer of what is written]:author-name:_files' \
			'*--author-email[The author'\''s e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	rolling-deploy)
		_arguments \
			'*--manifests[What to apply\: files, folders with all below them, globs, `-` for the standard input]:manifests:_files' \
			'*--values[Files with values for the charts among `manifests`, the last one of the greatest weight]:values:_files' \
			'*--images[Other images than the manifests name, as `name=reference`\: every container whose image is `name`, whatever its tag, gets the reference]:images:_files' \
			'*--field-manager[Name under which the cluster keeps the fields that this step owns]:field-manager:_files' \
			'*--force-conflicts[Take over fields that another manager owns, instead of failing]' \
			'*--no-force-conflicts[Not\: Take over fields that another manager owns, instead of failing]' \
			'*--wait[Wait until everything is ready]' \
			'*--no-wait[Not\: Wait until everything is ready]' \
			'*--stable-for[How long a container without a readiness probe has to run before it counts as ready]:stable-for:_files' \
			'*--rollback-on-failure[When something does not get ready, or the run is cancelled, bring every object back to what it was before, wait for that unless it was cancelled, and fail]' \
			'*--no-rollback-on-failure[Not\: When something does not get ready, or the run is cancelled, bring every object back to what it was before, wait for that unless it was cancelled, and fail]' \
			'*--upgrade-apis[Rewrite objects in versions that the server no longer serves (`apps/v1beta1`, Ingress of `extensions/v1beta1`, ...) to those that it does, on the way to it; the files stay as they are]' \
			'*--no-upgrade-apis[Not\: Rewrite objects in versions that the server no longer serves (`apps/v1beta1`, Ingress of `extensions/v1beta1`, ...) to those that it does, on the way to it; the files stay as they are]' \
			'*--replace-immutable[Delete and make anew what has a changed field that cannot be changed, such as a Job or a selector]' \
			'*--no-replace-immutable[Not\: Delete and make anew what has a changed field that cannot be changed, such as a Job or a selector]' \
			'*--prune[Delete, when all is ready, what an earlier run with `prune` brought for the same `set` and this one does not bring any more]' \
			'*--no-prune[Not\: Delete, when all is ready, what an earlier run with `prune` brought for the same `set` and this one does not bring any more]' \
			'*--prune-kinds[Kinds that `prune` deletes as well\: without being named here a Namespace, Node, Event, PersistentVolume, PersistentVolumeClaim or CustomResourceDefinition stays]:prune-kinds:_files' \
			'*--set[Name of the set in the cluster\: of its inventory for `prune`, and of the Lease that keeps two runs for it apart]:set:_files' \
			'*--when-locked[What to do while another run is at work on the same set]:when-locked:(wait fail ignore)' \
			'*--silence[Warnings that are not wanted\: `no-readiness-probe`, `latest-tag`, `no-replica-left`, `pre-stop-too-long`, `budget-blocks-all`, `replicas-beside-autoscaler`, `recreate`, `service-matches-nothing`]:silence:_files' \
			'*--concurrency[Objects that are read or written at once]:concurrency:_files' \
			'*--report[What to write on the pages of the forge when the rollout starts and when it ends\: a `deployment`, which its page of environments shows (GitHub, GitLab), a `status` of the commit (all but a plain git server), or `auto` for what it has]:report:_files' \
			'*--report-on[On which commit\: that of the manifests, or that of the application which the image was built from, as the record of the bump in the history of the workspace tells]:report-on:(manifests source)' \
			'*--environment[Name of the environment, for `report`]:environment:_files' \
			'*--environment-url[Where what is deployed can be looked at, for the page of the environment]:environment-url:_files' \
			'*--repository[The repository that `report` writes to\: `owner/name` on the forge that the CI works for, or any clone URL]:repository:_files' \
			'*--token[Token for `report`, which may write deployments and commit statuses there]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--ca-certificate[Certificate authority of the forge'\''s server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the forge'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the forge'\''s certificate]' \
			'*--kubeconfig[The kubeconfig\: a path, its text, or Base64 of it]:kubeconfig:_files' \
			'*--context[Context of the kubeconfig]:context:_files' \
			'*--server[Address of the API server, where there is no kubeconfig]:server:_files' \
			'*--cluster-token[Bearer token for `server`]:cluster-token:_files' \
			'*--cluster-ca[Certificate authority of `server`\: a path, the PEM text, or Base64 of it]:cluster-ca:_files' \
			'*--eks-cluster[Name of a cluster of Amazon EKS, with credentials from where AWS has them\: the variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, a web identity, the profile `AWS_PROFILE`, the role of the pod, the task or the instance]:eks-cluster:_files' \
			'*--region[AWS region of `eks-cluster`]:region:_files' \
			'*--namespace[Namespace of what names none]:namespace:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	tag-source)
		_arguments \
			'*--commit[Full name of the commit to tag]:commit:_files' \
			'*--kind[What the tag tells of]:kind:(ami deploy release other)' \
			'*--tag[Name of the tag; `kind` other needs one]:tag:_files' \
			'*--environment[Environment that was deployed to]:environment:_files' \
			'*--region[Region that was baked in or deployed to]:region:_files' \
			'*--version[Version of the application]:version:_files' \
			'*--ami-id[The machine image that was baked or deployed]:ami-id:_files' \
			'*--base-ami[The machine image that it was baked from]:base-ami:_files' \
			'*--info[What else the tag is to tell (artifact, server-group, approver, ...)\: a JSON object, or lines of `key=value`]:info:_files' \
			'*--force[Replace a tag of this name that says something else]' \
			'*--no-force[Not\: Replace a tag of this name that says something else]' \
			'*--repository[The repository to tag\: `owner/name` on the forge that the CI works for, or any clone URL]:repository:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Author and committer of what is written]:author-name:_files' \
			'*--author-email[The author'\''s e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	verify-deployment)
		_arguments \
			'*--workload[What runs the image\: `Deployment/web`, or `shop/Deployment/web` in another namespace; also StatefulSet, DaemonSet, ReplicaSet, Job, Pod]:workload:_files' \
			'*--image[Image that has to run, by tag or digest\: every workload needs a container of it]:image:_files' \
			'*--username[User name for the registry]:username:_files' \
			'*--password[Password or token for the registry]:password:_files' \
			'*--url[What has to answer\: `https\://…`, `http\://…`, `tcp\://host\:port`, and for a Service without an address outside `service\://name\:port/path` or `tcp+service\://name\:port` (`name.namespace` for another namespace; port 443 or a port called `https` is asked by TLS)]:url:_files' \
			'*--ca-certificate[Certificate authority of what `url` names and of the registry, beside those that are trusted anyway\: a path, the PEM text, or Base64 of it]:ca-certificate:_files' \
			'*--skip-verify[Do not check the certificates of these]' \
			'*--no-skip-verify[Not\: Do not check the certificates of these]' \
			'*--expect-status[Statuses of which an HTTP answer has to have one\: `200`, or `2xx` for a whole class]:expect-status:_files' \
			'*--expect-body[Text that the body has to hold; between slashes a regular expression, with `i` behind them in any case\: `/version\: 1\\.\\d+/`]:expect-body:_files' \
			'*--expect-json[Values that a JSON body has to have, as `path=value`\: `status=ok`, `checks\[name=db\].up=true`]:expect-json:_files' \
			'*--command[Shell command that has to end with 0]:command:_files' \
			'*--attempts[How often a check is tried in all]:attempts:_files' \
			'*--interval[Pause between two attempts]:interval:_files' \
			'*--check-timeout[How long one attempt of a check may take]:check-timeout:_files' \
			'*--kubeconfig[The kubeconfig\: a path, its text, or Base64 of it]:kubeconfig:_files' \
			'*--context[Context of the kubeconfig]:context:_files' \
			'*--server[Address of the API server, where there is no kubeconfig]:server:_files' \
			'*--cluster-token[Bearer token for `server`]:cluster-token:_files' \
			'*--cluster-ca[Certificate authority of `server`\: a path, the PEM text, or Base64 of it]:cluster-ca:_files' \
			'*--eks-cluster[Name of a cluster of Amazon EKS, with credentials from where AWS has them\: the variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, a web identity, the profile `AWS_PROFILE`, the role of the pod, the task or the instance]:eks-cluster:_files' \
			'*--region[AWS region of `eks-cluster`]:region:_files' \
			'*--namespace[Namespace of what names none]:namespace:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	show)
		_arguments \
			'*--action[What to do; `ready` takes a draft for one that may be merged]:action:(show approve merge close comment ready)' \
			'*--number[Number of the pull request]:number:_files' \
			'*--method[How to merge]:method:(merge squash rebase)' \
			'*--message[The comment, or why it is approved or closed]:message:_files' \
			'*--commit[Approve or merge only while the pull request stands at this commit, which was looked at]:commit:_files' \
			'*--repository[The repository\: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file)]:repository:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Who does it, on a plain git server]:author-name:_files' \
			'*--author-email[Their e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	approve)
		_arguments \
			'*--action[What to do; `ready` takes a draft for one that may be merged]:action:(show approve merge close comment ready)' \
			'*--number[Number of the pull request]:number:_files' \
			'*--method[How to merge]:method:(merge squash rebase)' \
			'*--message[The comment, or why it is approved or closed]:message:_files' \
			'*--commit[Approve or merge only while the pull request stands at this commit, which was looked at]:commit:_files' \
			'*--repository[The repository\: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file)]:repository:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Who does it, on a plain git server]:author-name:_files' \
			'*--author-email[Their e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	merge)
		_arguments \
			'*--action[What to do; `ready` takes a draft for one that may be merged]:action:(show approve merge close comment ready)' \
			'*--number[Number of the pull request]:number:_files' \
			'*--method[How to merge]:method:(merge squash rebase)' \
			'*--message[The comment, or why it is approved or closed]:message:_files' \
			'*--commit[Approve or merge only while the pull request stands at this commit, which was looked at]:commit:_files' \
			'*--repository[The repository\: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file)]:repository:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Who does it, on a plain git server]:author-name:_files' \
			'*--author-email[Their e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	close)
		_arguments \
			'*--action[What to do; `ready` takes a draft for one that may be merged]:action:(show approve merge close comment ready)' \
			'*--number[Number of the pull request]:number:_files' \
			'*--method[How to merge]:method:(merge squash rebase)' \
			'*--message[The comment, or why it is approved or closed]:message:_files' \
			'*--commit[Approve or merge only while the pull request stands at this commit, which was looked at]:commit:_files' \
			'*--repository[The repository\: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file)]:repository:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Who does it, on a plain git server]:author-name:_files' \
			'*--author-email[Their e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	comment)
		_arguments \
			'*--action[What to do; `ready` takes a draft for one that may be merged]:action:(show approve merge close comment ready)' \
			'*--number[Number of the pull request]:number:_files' \
			'*--method[How to merge]:method:(merge squash rebase)' \
			'*--message[The comment, or why it is approved or closed]:message:_files' \
			'*--commit[Approve or merge only while the pull request stands at this commit, which was looked at]:commit:_files' \
			'*--repository[The repository\: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file)]:repository:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Who does it, on a plain git server]:author-name:_files' \
			'*--author-email[Their e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	ready)
		_arguments \
			'*--action[What to do; `ready` takes a draft for one that may be merged]:action:(show approve merge close comment ready)' \
			'*--number[Number of the pull request]:number:_files' \
			'*--method[How to merge]:method:(merge squash rebase)' \
			'*--message[The comment, or why it is approved or closed]:message:_files' \
			'*--commit[Approve or merge only while the pull request stands at this commit, which was looked at]:commit:_files' \
			'*--repository[The repository\: `owner/name` on the forge that the CI works for, or any clone URL (https, ssh, file)]:repository:_files' \
			'*--token[Token that may write to the repository]:token:_files' \
			'*--username[User name that goes with the token]:username:_files' \
			'*--app-id[GitHub App in place of `token`\: its id or client id]:app-id:_files' \
			'*--app-private-key[Private key of the GitHub App\: the text of its .pem file (line ends may be written as `\\n`), or Base64 of it]:app-private-key:_files' \
			'*--ssh-key[Private key for an ssh URL\: its text]:ssh-key:_files' \
			'*--ssh-known-hosts[Lines of a `known_hosts` file\: the keys of the ssh server'\''s host]:ssh-known-hosts:_files' \
			'*--ca-certificate[Certificate authority of the server\: a path, or the PEM text]:ca-certificate:_files' \
			'*--skip-verify[Do not check the server'\''s certificate]' \
			'*--no-skip-verify[Not\: Do not check the server'\''s certificate]' \
			'*--forge[What the server is, or `git` for no forge at all]:forge:(github gitea forgejo gitlab bitbucket azure git)' \
			'*--api-url[The forge'\''s API, such as `https\://git.example.com/api/v1`]:api-url:_files' \
			'*--author-name[Who does it, on a plain git server]:author-name:_files' \
			'*--author-email[Their e-mail address]:author-email:_files' \
			'*--signing-key[Private key, SSH or GPG, without a passphrase, that commits and tags are signed with\: its text]:signing-key:_files' \
			'*--dry-run[Do everything but write, and show what would be written]' \
			'*--no-dry-run[Not\: Do everything but write, and show what would be written]' \
			'*--log-level[Least level that is shown]:log-level:(debug info warn error)' \
			'*--timeout[Give up, with exit code 3, after this time\: `90s`, `10m`, `72h`]:timeout:_files' \
			'*--outputs-dir[Folder for the outputs, as `<step>.json` and `<step>.env`\: in the workspace, or an absolute path to any other]:outputs-dir:_files' \
			'*--config[File with inputs]:config:_files' \
			'*--ci[Which CI this is]:ci:_files' \
			'*--help[The step'\''s inputs and outputs]'
		;;
	completion)
		_values shell bash zsh fish
		;;
	esac
}
compdef _lockstep lockstep
