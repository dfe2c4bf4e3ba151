//! The tasks of real clients with our server, in the words of each client: a row for each.
//!
//! In the words, `{host}`, `{port}` and `{url}` are the server's; `{local}` is a file of the
//! client, `{remote}` a file of the server, `{other}` a second name there; `{half}` is half the
//! length of the file.

/// The task, with the proof of its success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// The server has `{local}` as `{remote}`.
    Upload,
    /// The client has `{remote}` as `{local}`.
    Download,
    /// The client has `{remote}` as `{local}`, and half of the file was there before.
    ResumeUpload,
    ResumeDownload,
    /// `{remote}` has `{local}` behind its old bytes.
    Append,
    /// The client prints the names of the directory.
    List,
    /// `{remote}` has the name `{other}`.
    Rename,
    /// `{remote}` is gone from the server.
    Delete,
    /// `{other}` is a directory.
    MakeDirectory,
    /// The directory `{other}` is gone.
    RemoveDirectory,
}

/// One client with one task.
pub(crate) struct Row {
    pub(crate) program: &'static str,
    pub(crate) task: Task,
    pub(crate) arguments: &'static [&'static str],
    /// The lines of standard input.
    pub(crate) input: &'static str,
}

const fn row(
    program: &'static str,
    task: Task,
    arguments: &'static [&'static str],
    input: &'static str,
) -> Row {
    Row { program, task, arguments, input }
}

use Task::*;

const LFTP: &str = "set net:timeout 10; set net:max-retries 2; open ftp://{host}:{port};";
const TNFTP: &[&str] = &["-n", "{host}", "{port}"];
const INETUTILS: &[&str] = &["-n", "-v", "{host}", "{port}"];
const INETUTILS_PASSIVE: &[&str] = &["-n", "-v", "-p", "{host}", "{port}"];
const PYTHON: &[&str] = &["-"];

pub(crate) const ROWS: &[Row] = &[
    row("curl", Upload, &["-sS", "-T", "{local}", "{url}/{remote}"], ""),
    row("curl", Upload, &["-sS", "-P", "-", "-T", "{local}", "{url}/{remote}"], ""),
    row("curl", Upload, &["-sS", "--disable-epsv", "-T", "{local}", "{url}/{remote}"], ""),
    row("curl", Download, &["-sS", "-o", "{local}", "{url}/{remote}"], ""),
    row("curl", ResumeUpload, &["-sS", "-C", "-", "-T", "{local}", "{url}/{remote}"], ""),
    row("curl", ResumeDownload, &["-sS", "-C", "-", "-o", "{local}", "{url}/{remote}"], ""),
    row("curl", Append, &["-sS", "-a", "-T", "{local}", "{url}/{remote}"], ""),
    row("curl", List, &["-sS", "{url}/"], ""),
    row("curl", List, &["-sS", "-l", "{url}/"], ""),
    row("curl", Rename, &["-sS", "-Q", "RNFR {remote}", "-Q", "RNTO {other}", "{url}/"], ""),
    row("curl", Delete, &["-sS", "-Q", "DELE {remote}", "{url}/"], ""),
    row("curl", MakeDirectory, &["-sS", "-Q", "MKD {other}", "{url}/"], ""),
    row("curl", RemoveDirectory, &["-sS", "-Q", "RMD {other}", "{url}/"], ""),
    row("wget", Download, &["-q", "-O", "{local}", "{url}/{remote}"], ""),
    row("wget", Download, &["-q", "--no-passive-ftp", "-O", "{local}", "{url}/{remote}"], ""),
    row("wget", ResumeDownload, &["-q", "-c", "-O", "{local}", "{url}/{remote}"], ""),
    row("wget", List, &["-q", "-O", "-", "{url}/"], ""),
    row("lftp", Upload, &["-c", LFTP, "put {local} -o {remote}"], ""),
    row("lftp", Download, &["-c", LFTP, "get {remote} -o {local}"], ""),
    row("lftp", ResumeUpload, &["-c", LFTP, "put -c {local} -o {remote}"], ""),
    row("lftp", ResumeDownload, &["-c", LFTP, "get -c {remote} -o {local}"], ""),
    row("lftp", List, &["-c", LFTP, "ls"], ""),
    row("lftp", List, &["-c", LFTP, "nlist"], ""),
    row("lftp", List, &["-c", LFTP, "set ftp:passive-mode off; ls -a"], ""),
    row("lftp", Rename, &["-c", LFTP, "mv {remote} {other}"], ""),
    row("lftp", Delete, &["-c", LFTP, "rm {remote}"], ""),
    row("lftp", MakeDirectory, &["-c", LFTP, "mkdir {other}"], ""),
    row("lftp", RemoveDirectory, &["-c", LFTP, "rmdir {other}"], ""),
    row("tnftp", Upload, TNFTP, "user anonymous x\nbinary\nput {local} {remote}\nquit\n"),
    row("tnftp", Download, TNFTP, "user anonymous x\nbinary\nget {remote} {local}\nquit\n"),
    row("tnftp", ResumeDownload, TNFTP, "user anonymous x\nbinary\nreget {remote} {local}\nquit\n"),
    row(
        "tnftp",
        ResumeUpload,
        TNFTP,
        "user anonymous x\nbinary\nrestart {half}\nput {local} {remote}\nquit\n",
    ),
    row("tnftp", Append, TNFTP, "user anonymous x\nbinary\nappend {local} {remote}\nquit\n"),
    row("tnftp", List, TNFTP, "user anonymous x\nls\nquit\n"),
    row("tnftp", List, TNFTP, "user anonymous x\nnlist\nquit\n"),
    row("tnftp", List, TNFTP, "user anonymous x\nmlsd\nquit\n"),
    row("tnftp", Rename, TNFTP, "user anonymous x\nrename {remote} {other}\nquit\n"),
    row("tnftp", Delete, TNFTP, "user anonymous x\ndelete {remote}\nquit\n"),
    row("tnftp", MakeDirectory, TNFTP, "user anonymous x\nmkdir {other}\nquit\n"),
    row("tnftp", RemoveDirectory, TNFTP, "user anonymous x\nrmdir {other}\nquit\n"),
    row(
        "inetutils-ftp",
        Upload,
        INETUTILS,
        "user anonymous x\nbinary\nput {local} {remote}\nquit\n",
    ),
    row(
        "inetutils-ftp",
        Upload,
        INETUTILS_PASSIVE,
        "user anonymous x\nbinary\nput {local} {remote}\nquit\n",
    ),
    row(
        "inetutils-ftp",
        Download,
        INETUTILS,
        "user anonymous x\nbinary\nget {remote} {local}\nquit\n",
    ),
    row(
        "inetutils-ftp",
        ResumeDownload,
        INETUTILS,
        "user anonymous x\nbinary\nreget {remote} {local}\nquit\n",
    ),
    row(
        "inetutils-ftp",
        Append,
        INETUTILS,
        "user anonymous x\nbinary\nappend {local} {remote}\nquit\n",
    ),
    row("inetutils-ftp", List, INETUTILS, "user anonymous x\nls\nquit\n"),
    row("inetutils-ftp", List, INETUTILS, "user anonymous x\nnlist\nquit\n"),
    row("inetutils-ftp", Rename, INETUTILS, "user anonymous x\nrename {remote} {other}\nquit\n"),
    row("inetutils-ftp", Delete, INETUTILS, "user anonymous x\ndelete {remote}\nquit\n"),
    row("inetutils-ftp", MakeDirectory, INETUTILS, "user anonymous x\nmkdir {other}\nquit\n"),
    row("inetutils-ftp", RemoveDirectory, INETUTILS, "user anonymous x\nrmdir {other}\nquit\n"),
    // ncftpput -z is left out: the program says REST and sends the file from the beginning
    // (measured).
    row("ncftpput", Upload, &["-P", "{port}", "-C", "{host}", "{local}", "{remote}"], ""),
    row("ncftpput", Upload, &["-E", "-P", "{port}", "-C", "{host}", "{local}", "{remote}"], ""),
    row("ncftpput", Append, &["-A", "-P", "{port}", "-C", "{host}", "{local}", "{remote}"], ""),
    row("ncftpget", Download, &["-P", "{port}", "-C", "{host}", "{remote}", "{local}"], ""),
    row(
        "ncftpget",
        ResumeDownload,
        &["-z", "-P", "{port}", "-C", "{host}", "{remote}", "{local}"],
        "",
    ),
    row("ncftpls", List, &["-P", "{port}", "{url}/"], ""),
    row("ncftpls", List, &["-l", "-P", "{port}", "{url}/"], ""),
    row("ncftpls", Delete, &["-P", "{port}", "-W", "DELE {remote}", "{url}/"], ""),
    row(
        "ncftpls",
        Rename,
        &["-P", "{port}", "-W", "RNFR {remote}", "-W", "RNTO {other}", "{url}/"],
        "",
    ),
    row("aria2c", Download, &["-q", "-o", "{local}", "{url}/{remote}"], ""),
    row("aria2c", Download, &["-q", "-x4", "-s4", "-k1M", "-o", "{local}", "{url}/{remote}"], ""),
    row("aria2c", ResumeDownload, &["-q", "-c", "-o", "{local}", "{url}/{remote}"], ""),
    row(
        "python3",
        Upload,
        PYTHON,
        "import ftplib\nf = ftplib.FTP(); f.connect('{host}', {port}, 20); f.login()\n\
         f.storbinary('STOR {remote}', open('{local}', 'rb')); f.quit()\n",
    ),
    row(
        "python3",
        Download,
        PYTHON,
        "import ftplib\nf = ftplib.FTP(); f.connect('{host}', {port}, 20); f.login(); f.set_pasv(False)\n\
         f.retrbinary('RETR {remote}', open('{local}', 'wb').write); f.quit()\n",
    ),
    row(
        "python3",
        ResumeUpload,
        PYTHON,
        "import ftplib\nf = ftplib.FTP(); f.connect('{host}', {port}, 20); f.login()\n\
         s = open('{local}', 'rb'); s.seek({half})\n\
         f.storbinary('STOR {remote}', s, rest={half}); f.quit()\n",
    ),
    row(
        "python3",
        ResumeDownload,
        PYTHON,
        "import ftplib\nf = ftplib.FTP(); f.connect('{host}', {port}, 20); f.login()\n\
         f.retrbinary('RETR {remote}', open('{local}', 'ab').write, rest={half}); f.quit()\n",
    ),
    row(
        "python3",
        List,
        PYTHON,
        "import ftplib\nf = ftplib.FTP(); f.connect('{host}', {port}, 20); f.login()\n\
         [print(name, facts['type']) for name, facts in f.mlsd()]\n\
         print(f.nlst()); f.dir(); f.quit()\n",
    ),
    row(
        "python3",
        Rename,
        PYTHON,
        "import ftplib\nf = ftplib.FTP(); f.connect('{host}', {port}, 20); f.login()\n\
         f.rename('{remote}', '{other}'); f.quit()\n",
    ),
    row(
        "python3",
        Delete,
        PYTHON,
        "import ftplib\nf = ftplib.FTP(); f.connect('{host}', {port}, 20); f.login()\n\
         f.voidcmd('TYPE I'); assert f.size('{remote}') == 2 * {half}\n\
         f.delete('{remote}'); f.quit()\n",
    ),
    row(
        "python3",
        MakeDirectory,
        PYTHON,
        "import ftplib\nf = ftplib.FTP(); f.connect('{host}', {port}, 20); f.login()\n\
         f.mkd('{other}'); f.cwd('{other}'); assert f.pwd() == '/{other}', f.pwd(); f.quit()\n",
    ),
    row(
        "python3",
        RemoveDirectory,
        PYTHON,
        "import ftplib\nf = ftplib.FTP(); f.connect('{host}', {port}, 20); f.login()\n\
         f.rmd('{other}'); f.quit()\n",
    ),
];
