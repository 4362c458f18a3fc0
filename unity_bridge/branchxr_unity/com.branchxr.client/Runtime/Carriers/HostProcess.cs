using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading;

namespace BranchXR
{
    /// <summary>Everything the carrier needs of the settings, taken on the main thread.</summary>
    internal sealed class HostPlan
    {
        internal string Python, Folder, Branch, Script, PlayerName, KeyFile;
        internal bool NewSoftKey;
        internal float KeepSeconds;

        internal string ReadyFile { get { return Path.Combine(Folder, "host.txt"); } }

        internal string LogFile { get { return LogIn(Folder); } }

        internal static string LogIn(string folder) { return Path.Combine(folder, "host.log"); }

        internal static HostPlan Of(BranchSettings settings, string folder)
        {
            return new HostPlan
            {
                Python = string.IsNullOrEmpty(settings.python) ? "python3" : settings.python,
                Folder = folder,
                Branch = settings.branch,
                Script = settings.script,
                PlayerName = settings.playerName,
                KeyFile = settings.keyFile,
                NewSoftKey = settings.newSoftKey,
                KeepSeconds = settings.keepSeconds,
            };
        }
    }

    /// <summary>Starts `branchxr unity host`, and says why it did not come up.</summary>
    internal static class HostProcess
    {
        private const int WrongVersion = 90, NoPackage = 91;
        private const int LogTailBytes = 2000;

        // What a process that ends at once says on its stderr; read by another thread, to its end.
        private sealed class LastWords
        {
            private readonly StringBuilder text = new StringBuilder();
            private readonly ManualResetEvent isOver = new ManualResetEvent(false);

            internal void Add(string line)
            {
                lock (text)
                {
                    if (line == null) isOver.Set();
                    else if (text.Length < LogTailBytes) text.AppendLine(line);
                }
            }

            internal string Wait(int deadlineMs)
            {
                isOver.WaitOne(deadlineMs);
                lock (text) return text.ToString().Trim();
            }
        }

        // Run by the Python that was named, whatever it is: what is wrong with it is known by the exit code.
        private const string Bootstrap =
            "import sys\n" +
            "if sys.version_info < (3, 11): sys.stderr.write(sys.version.split()[0]); sys.exit(90)\n" +
            "try:\n import branchxr.cli, branchxr_unity\n" +
            "except ModuleNotFoundError as e: sys.stderr.write(str(e)); sys.exit(91)\n" +
            "sys.argv[0] = 'branchxr'; branchxr.cli.main()";

        /// <summary>Start a host and wait, on the calling thread, until it listens.</summary>
        /// <exception cref="BranchError">
        /// <c>python_missing</c>, <c>python_version</c>, <c>branchxr_missing</c>, <c>host_failed</c>, <c>host_silent</c>.
        /// </exception>
        internal static HostAddress Start(HostPlan plan, WaitHandle ended, int deadlineMs)
        {
            Directory.CreateDirectory(plan.Folder);
            File.Delete(plan.ReadyFile);
            var said = new LastWords();
            using (Process process = Launch(plan, said))
            {
                try
                {
                    HostAddress address = Await(process, plan, said, ended, deadlineMs);
                    if (address != null) return address;
                    End(process);
                }
                catch (BranchError)
                {
                    End(process); // it runs: it is of another version
                    throw;
                }
            }
            throw new BranchError(
                "host_silent", "expected a host that listens within " + deadlineMs / 1000 + " s, got none", plan.Python,
                "look at " + plan.LogFile);
        }

        private static HostAddress Await(Process process, HostPlan plan, LastWords said, WaitHandle ended, int deadlineMs)
        {
            var waited = Stopwatch.StartNew();
            while (waited.ElapsedMilliseconds < deadlineMs)
            {
                HostAddress address = HostAddress.Read(plan.ReadyFile);
                if (address != null) return address;
                if (process.HasExited) throw Failed(process, plan, said);
                if (ended.WaitOne(20)) break;
            }
            return null;
        }

        /// <summary>End a host that did not hear the goodbye: inside a call it sees that its file is gone, and ends.</summary>
        internal static void LetGo(string readyFile)
        {
            try { File.Delete(readyFile); }
            catch (IOException) { } // no such folder: no host was started
            catch (UnauthorizedAccessException) { }
        }

        /// <summary>Return the end of the log, or nothing.</summary>
        internal static string LogTail(string file)
        {
            try
            {
                using (var log = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
                {
                    log.Seek(-Math.Min(LogTailBytes, log.Length), SeekOrigin.End);
                    return new StreamReader(log).ReadToEnd().Trim();
                }
            }
            catch (IOException) { return ""; }
            catch (UnauthorizedAccessException) { return ""; }
        }

        private static Process Launch(HostPlan plan, LastWords said)
        {
            int own;
            using (Process game = Process.GetCurrentProcess()) own = game.Id;
            var words = new List<string>
            {
                "-c", Bootstrap, "unity", "host", "--ready", plan.ReadyFile, "--log", plan.LogFile,
                "--parent", own.ToString(CultureInfo.InvariantCulture),
                "--keep", plan.KeepSeconds.ToString(CultureInfo.InvariantCulture),
            };
            if (!string.IsNullOrEmpty(plan.Branch)) words.AddRange(new[] { "--branch", plan.Branch });
            if (!string.IsNullOrEmpty(plan.PlayerName)) words.AddRange(new[] { "--name", plan.PlayerName });
            if (!string.IsNullOrEmpty(plan.KeyFile)) words.AddRange(new[] { "--key", plan.KeyFile });
            else if (plan.NewSoftKey) words.Add("--soft-key");
            if (!string.IsNullOrEmpty(plan.Script)) words.AddRange(new[] { "--", plan.Script });
            var start = new ProcessStartInfo(plan.Python, Quote(words))
            {
                UseShellExecute = false,
                CreateNoWindow = true,
                RedirectStandardError = true,
            };
            start.EnvironmentVariables["PYTHONUTF8"] = "1";
            Process process;
            try { process = Process.Start(start); }
            catch (Win32Exception error)
            {
                throw new BranchError(
                    "python_missing", "expected a Python program, got " + Reason(error), plan.Python,
                    "name one with branchxr installed in BranchSettings, Python", error);
            }
            process.ErrorDataReceived += (sender, line) => said.Add(line.Data);
            process.BeginErrorReadLine();
            return process;
        }

        private static BranchError Failed(Process process, HostPlan plan, LastWords said)
        {
            string words = said.Wait(1000);
            switch (process.ExitCode)
            {
                case WrongVersion:
                    return new BranchError(
                        "python_version", "expected Python 3.11 or newer, got " + words, plan.Python,
                        "name a newer one in BranchSettings, Python");
                case NoPackage:
                    return new BranchError(
                        "branchxr_missing", "expected a Python with branchxr, got " + words, plan.Python,
                        "install branchxr there, or name another Python in BranchSettings");
                default:
                    if (words == "" && IsForeign(plan.Python))
                    {
                        return new BranchError(
                            "python_architecture", "expected a program for " + PythonInstall.OwnArchitecture() + ", got one for " +
                            PythonInstall.Architecture(plan.Python), plan.Python, "name another Python in BranchSettings");
                    }
                    string log = words != "" ? words : LogTail(plan.LogFile);
                    if (log == "") log = "it said nothing"; // killed, for want of memory perhaps
                    return new BranchError(
                        "host_failed", "expected a host, got exit code " + process.ExitCode + ": " + log, plan.Python,
                        "correct what it says; the log is " + plan.LogFile);
            }
        }

        // Not Message: Mono's has the whole command line in it, and the program that is given to Python.
        private static string Reason(Win32Exception error)
        {
            switch (error.NativeErrorCode)
            {
                case 2: case 3: return "no such file";
                case 5: case 13: return "one that may not be run";
                case 8: case 193: return "a file that is no program of this machine";
                default: return "error " + error.NativeErrorCode.ToString(CultureInfo.InvariantCulture) + " of the system";
            }
        }

        private static bool IsForeign(string program)
        {
            try { return PythonInstall.IsForeign(program); }
            catch (IOException) { return false; } // found on the path, by its name
            catch (UnauthorizedAccessException) { return false; }
        }

        private static void End(Process process)
        {
            try { process.Kill(); }
            catch (InvalidOperationException) { }
            catch (Win32Exception) { }
        }

        // As the C runtime takes a command line apart (on Windows), and Mono's shell-like parser elsewhere:
        // both know quotes with backslashes.
        private static string Quote(List<string> words)
        {
            var line = new StringBuilder();
            foreach (string word in words)
            {
                if (line.Length > 0) line.Append(' ');
                line.Append('"');
                for (int at = 0; at < word.Length; at++)
                {
                    int slashes = 0;
                    while (at < word.Length && word[at] == '\\') { slashes++; at++; }
                    bool isBeforeQuote = at == word.Length || word[at] == '"';
                    line.Append('\\', isBeforeQuote || Path.DirectorySeparatorChar == '/' ? slashes * 2 : slashes);
                    if (at == word.Length) break;
                    if (word[at] == '"') line.Append('\\');
                    line.Append(word[at]);
                }
                line.Append('"');
            }
            return line.ToString();
        }
    }
}
