using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.IO;
using System.Net;

namespace BranchXR
{
    /// <summary>Where a host listens and what it asks for, from the file it writes.</summary>
    internal sealed class HostAddress
    {
        internal int Port { get; private set; }

        internal string Token { get; private set; }

        internal int Layout { get; private set; }

        private int Process { get; set; }

        /// <summary>
        /// Whether a host that was killed left this: its port may be another program's by now, its layout that of a
        /// version before an update. Asked where something is wrong only: it takes its time after a domain reload.
        /// </summary>
        internal bool IsLeftBehind { get { return Process != 0 && !IsRunning(Process); } }

        /// <summary>Read the file, or return null while there is none. The host may have ended since.</summary>
        /// <exception cref="BranchError"><c>layout_mismatch</c>.</exception>
        internal static HostAddress Read(string file)
        {
            var values = new Dictionary<string, string>();
            try
            {
                foreach (string line in File.ReadAllLines(file))
                {
                    int at = line.IndexOf('=');
                    if (at > 0) values[line.Substring(0, at)] = line.Substring(at + 1);
                }
            }
            catch (IOException) { return null; }
            catch (UnauthorizedAccessException) { return null; }
            var address = new HostAddress
            {
                Port = Number(values, "port"),
                Layout = Number(values, "layout"),
                Process = Number(values, "pid"),
                Token = values.ContainsKey("token") ? values["token"] : "",
            };
            if (address.Port == 0 || address.Port > IPEndPoint.MaxPort || address.Token == "") return null;
            if (address.Layout == BlockLayout.Version) return address;
            if (address.IsLeftBehind) return null;
            string version = values.ContainsKey("version") ? values["version"] : "another version";
            throw new BranchError(
                "layout_mismatch",
                "expected layout version " + BlockLayout.Version + ", got " + address.Layout + " of branchxr " + version,
                file, "use the package that `branchxr unity export` of the same branchxr gives");
        }

        private static bool IsRunning(int process)
        {
            try
            {
                using (System.Diagnostics.Process found = System.Diagnostics.Process.GetProcessById(process)) return !found.HasExited;
            }
            catch (ArgumentException) { return false; }
            catch (Exception error) when (error is InvalidOperationException || error is Win32Exception || error is NotSupportedException)
            {
                return true; // somebody else's, who may not be asked: whether it listens, the connection tells
            }
        }

        private static int Number(Dictionary<string, string> values, string name)
        {
            string text;
            int number;
            if (!values.TryGetValue(name, out text)) return 0;
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) ? number : 0;
        }
    }
}
