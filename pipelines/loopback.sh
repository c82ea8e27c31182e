# loopback.sh - a small cluster on this machine, for `cluster --local' and for
# tests: hosts that are each an sshd on 127.0.0.1 with a home of its own, and
# nodes of Slurm, with their controller and munge. All run as the caller, need
# no set-up of the system, and keep what they have in the folder $loopback.
# shellcheck shell=sh disable=SC2034

# Daemons of Debian are where a user's PATH may not lead.
PATH=$PATH:/usr/sbin:/sbin

loopback_has_ssh() {
    command -v sshd >/dev/null && command -v ssh >/dev/null &&
        command -v rsync >/dev/null
}

loopback_has_slurm() {
    command -v slurmctld >/dev/null && command -v slurmd >/dev/null &&
        command -v munged >/dev/null && command -v sbatch >/dev/null
}

# loopback_start: makes the folder, by a short name: sockets take no long ones.
loopback_start() {
    loopback=$(mktemp -d /tmp/barrow-XXXXXX)
    # Clients of munge need not be its user.
    chmod 711 "$loopback"
    : >"$loopback/ssh_config"
}

# free_port: one of 127.0.0.1 that nobody listens to.
free_port() {
    perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
        Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

# loopback_host NAME: an sshd that NAME of $loopback/ssh_config leads to, where
# sessions have $loopback/NAME/home as their home, and the tools in their PATH.
loopback_host() {
    mkdir -p "$loopback/$1/home"
    [ -e "$loopback/key" ] ||
        ssh-keygen -q -t ed25519 -N '' -f "$loopback/key"
    port=$(free_port)
    cat >"$loopback/$1/session" <<END
#!/bin/sh
HOME=$loopback/$1/home
PATH=$PATH
export HOME PATH
cd || exit
exec sh -c "\$SSH_ORIGINAL_COMMAND"
END
    cat >"$loopback/$1/sshd_config" <<END
ListenAddress 127.0.0.1
Port $port
HostKey $loopback/key
PidFile $loopback/$1/pid
AuthorizedKeysFile $loopback/key.pub
AuthenticationMethods publickey
StrictModes no
UsePAM no
MaxStartups 100
ForceCommand sh $loopback/$1/session
END
    cat >>"$loopback/ssh_config" <<END
Host $1
    HostName 127.0.0.1
    Port $port
    User $(id -un)
    IdentityFile $loopback/key
    IdentitiesOnly yes
    UserKnownHostsFile $loopback/known_hosts
    StrictHostKeyChecking no
    BatchMode yes
    LogLevel ERROR
    ServerAliveInterval 1
    ServerAliveCountMax 3
    ConnectTimeout 5
END
    # Its folder of privilege separation; others need none.
    [ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
    "$(command -v sshd)" -f "$loopback/$1/sshd_config" -E "$loopback/$1/log"
    wait_until test -s "$loopback/$1/pid"
}

# wait_until COMMAND...: for half a minute at most.
wait_until() {
    n_tries=300
    until "$@"; do
        [ $((n_tries -= 1)) -gt 0 ] || fail "not so in 30 s: $*"
        sleep 0.1
    done
}

# family PID: the process and all that descend from it.
family() {
    ps -A -o pid=,ppid= | awk -v root="$1" '
        { parent[$1] = $2 }
        END {
            for (pid in parent) {
                for (p = pid; p > 1 && p != root; p = parent[p]) continue
                if (p == root) print pid
            }
        }'
}

# loopback_kill NAME: the host is gone, with all that ran on it.
loopback_kill() {
    pid=$(cat "$loopback/$1/pid")
    # Nothing is born while the others die.
    kill -STOP "$pid"
    # shellcheck disable=SC2046
    kill -KILL $(family "$pid") 2>/dev/null || true
    rm "$loopback/$1/pid"
}

# loopback_freeze NAME: the host is there, but nothing on it moves any more.
loopback_freeze() {
    # shellcheck disable=SC2046
    kill -STOP $(family "$(cat "$loopback/$1/pid")")
}

# loopback_slurm NODE...: a controller and nodes of a processor each; from here
# on sbatch and its kin talk to it.
loopback_slurm() {
    slurm=$loopback/slurm
    mkdir -p "$slurm/state"
    head -c 1024 /dev/urandom >"$slurm/key"
    chmod 400 "$slurm/key"
    munged --key-file="$slurm/key" --socket="$slurm/socket" \
        --pid-file="$slurm/munged.pid" --log-file="$slurm/munged.log" \
        --seed-file="$slurm/seed"
    SLURM_CONF=$slurm/slurm.conf
    export SLURM_CONF
    slurm_settings "$@" >"$SLURM_CONF"
    slurmctld
    for node; do slurmd -N "$node"; done
    wait_until is_idle "$@"
}

is_idle() {
    for node; do
        [ "$(sinfo -h -n "$node" -o %t 2>/dev/null)" = idle ] || return
    done
}

slurm_settings() {
    user=$(id -un) name=$(uname -n)
    cat <<END
ClusterName=loopback
SlurmctldHost=$name(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmUser=$user
SlurmdUser=$user
AuthInfo=socket=$slurm/socket
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/%n
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/%n.pid
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdLogFile=$slurm/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=0
KillWait=2
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
END
    for node; do
        echo "NodeName=$node NodeHostname=$name NodeAddr=127.0.0.1" \
            "Port=$(free_port) CPUs=1"
    done
    echo 'PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE'
}

# loopback_drain NODE: takes no more tasks, and gives back those under way,
# which wait for less than Slurm lets others wait.
loopback_drain() {
    scontrol update NodeName="$1" State=DRAIN Reason=maintenance
    for task in $(squeue -h -t R -w "$1" -o '%F_%K'); do
        scontrol requeue "$task"
        wait_until scontrol update JobId="$task" StartTime=now 2>/dev/null
    done
}

# loopback_stop: all jobs and daemons end, and the folder goes.
loopback_stop() {
    if [ -n "${slurm-}" ]; then
        scancel -u "$(id -un)" || true
        wait_until no_jobs
    fi
    for file in "$loopback"/*/*.pid "$loopback"/*/pid; do
        [ ! -s "$file" ] || stop_family "$(cat "$file")"
    done
    rm -rf "$loopback"
}

no_jobs() {
    [ -z "$(squeue -h 2>/dev/null)" ]
}

stop_family() {
    members=$(family "$1")
    # The names are words.
    # shellcheck disable=SC2086
    kill -TERM $members 2>/dev/null || true
    # What is frozen has to wake up to end.
    # shellcheck disable=SC2086
    kill -CONT $members 2>/dev/null || true
    # shellcheck disable=SC2086
    wait_until is_gone $members
}

is_gone() {
    ! kill -0 "$@" 2>/dev/null
}
