//! Names of programs.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Programs whose names are no words of a language.
const PROGRAMS: &str = "\
    adduser apt apt-cache apt-get aptitude aria2c attrib awk base32 base64 bash bcdedit bitsadmin blkid busybox \
    bzcat bzip2 c89 c99 certutil chgrp chkconfig chmod chown chroot cmd cmd.exe cp crontab cscript csh curl \
    curl.exe dd df dig diskpart dmesg dnf doas dpkg driverquery dsquery du egrep elinks env fdisk ffmpeg fgrep \
    findstr forfiles fsutil ftp gawk gcc gdb getent getfacl getmac gpg gpresult gpupdate grep groupadd gunzip gzip \
    hexdump hping3 htop httpie icacls iconv id iex ifconfig ip6tables ipconfig iptables irb iwr javac journalctl \
    killall klist ksh kubectl ll ls lsblk lscpu lsof lspci ltrace lwp-download lynx makecab md5sum mkdir mkfifo \
    mkfs mknod mktemp mongosh msbuild mshta msiexec mutt mv mysqldump nano nbtstat nc ncat netcat netsh netstat \
    nft nikto nltest nmap nohup nproc nslookup nslookup.exe nstat od openssl pacman passwd pathping pg_dump \
    phpinfo ping ping6 pip3 pkexec pkill powershell powershell.exe printenv ps psql pwd pwsh python2 python3 \
    qwinsta readlink realpath redis-cli regsvr32 rgrep rlogin rm rmdir robocopy rpm rsh rsync rundll32 schtasks \
    scp scrot sed setfacl setsid sftp sh sha1sum sha256sum socat sqlite3 sqlmap ssh ssh-keygen stdbuf strace sudo \
    systemctl systeminfo tac tar taskkill tasklist tclsh tcpdump tcsh telnet tftp timeout traceroute tracert ufw \
    ulimit umask umount uname uniq unxz unzip useradd usermod uuencode vi vim visudo vssadmin w3m wc wevtutil wget \
    whoami whois winrm winrs wmic wmiprvse wscript xargs xcopy xxd xz xzcat yum zcat zless zmore zsh zypper";

/// Programs whose names are also words.
const WORDS: &str = "\
    alias ansible apropos arch arp assoc at ausearch aws az basename bind brew cal calc call cargo cat cc \
    cipher cls cmp column comm compgen complete control copy cut dash date declare del diff dir dirname dirs \
    disown docker dotnet echo emacs erase eval exec exit expand expect explorer export expr file \
    find finger fish fmt fold free ftype gcloud gem getconf git groups halt head helm help history host \
    hostname init install ip java jobs join jq kill last less link local locate logger logname look lua \
    mail make man more mount move mysql net nl node notepad npm npx open paste pause perl php pip popd \
    printf prompt pushd python query read reboot reg ren rev route ruby screen script sdiff seq service \
    set sfc shuf shutdown sleep snap sort source split start stat strings su sum suspend tail tee \
    terraform test time tmux top touch tput trap tree true truncate tty type typeset unset uptime users \
    ver vol w wait wall watch whatis whereis which who write wsl yarn yes zip";

/// Names of programs, and whether the name alone is certain: no word of a language.
pub(super) static NAMES: LazyLock<HashMap<&[u8], bool>> = LazyLock::new(|| {
    let each = |names: &'static str, is_certain| {
        names.split_ascii_whitespace().map(move |name| (name.as_bytes(), is_certain))
    };
    each(WORDS, false).chain(each(PROGRAMS, true)).collect()
});
