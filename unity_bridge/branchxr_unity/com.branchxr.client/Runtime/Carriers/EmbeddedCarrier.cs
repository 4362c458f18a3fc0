using System;
using System.Globalization;
using System.IO;
using System.Text;

namespace BranchXR
{
    /// <summary>CPython in process, through its own C API: what the Editor uses, since it survives domain reloads.</summary>
    /// <remarks>
    /// pythonnet cannot (docs/adr/0004): each import of a Python thread enters C# through its import hook, which
    /// ties that thread to the domain, and Mono then waits for it for ever when it unloads the domain. Scripts
    /// that `import clr` need a player, or a Python of their own.
    /// </remarks>
    public sealed class EmbeddedCarrier : InProcessCarrier
    {
        private const string OtherLayout = "another layout: ";

        internal override void Boot(IntPtr address, long bytes, string options)
        {
            PythonApi api = PythonApi.Load(Library);
            if (api.IsInitialized() == 0)
            {
                Environment.SetEnvironmentVariable("PYTHONNOUSERSITE", "1");
                if (!string.IsNullOrEmpty(Home)) Environment.SetEnvironmentVariable("PYTHONHOME", Home);
                api.Initialize(0); // no signal handlers: they are the game's
                api.SaveThread();
            }
            int held = api.Ensure();
            try
            {
                Forget(WordsFile);
                if (api.Run(Program(address, bytes, options)) != 0) throw Refused();
            }
            finally { api.Release(held); }
        }

        private static void Forget(string file)
        {
            try { File.Delete(file); }
            catch (IOException) { } // no such folder yet
        }

        // Why it cannot is on its stderr, the Editor's log, and in a file: no value comes back from what is run.
        private string Program(IntPtr address, long bytes, string options)
        {
            var text = new StringBuilder("def _start():\n import sys\n for folder in reversed([");
            foreach (string folder in Paths) text.Append(Literal(folder)).Append(", ");
            text.Append("]):\n  if folder not in sys.path: sys.path.insert(0, folder)\n from branchxr_unity import inside, layout\n");
            text.Append(" if layout.VERSION != ").Append(BlockLayout.Version.ToString(CultureInfo.InvariantCulture));
            text.Append(": raise RuntimeError('").Append(OtherLayout).Append("%d' % layout.VERSION)\n inside.start(");
            text.Append(address.ToInt64().ToString(CultureInfo.InvariantCulture)).Append(", ");
            text.Append(bytes.ToString(CultureInfo.InvariantCulture)).Append(", ").Append(Literal(options)).Append(")\n");
            text.Append("try: _start()\nexcept BaseException as error:\n import os\n words = ").Append(Literal(WordsFile));
            text.Append("\n os.makedirs(os.path.dirname(words), exist_ok=True)\n");
            text.Append(" with open(words, 'w', encoding='utf-8') as file: file.write(type(error).__name__ + ': ' + str(error))\n raise\n");
            return text.Append("finally: del _start\n").ToString();
        }

        // Every character by its number: nothing of a path or a name can end the literal.
        private static string Literal(string value)
        {
            var text = new StringBuilder("'");
            for (int at = 0; at < value.Length; at++)
            {
                bool isPair = char.IsSurrogatePair(value, at);
                int code = isPair ? char.ConvertToUtf32(value, at++) : value[at];
                text.Append("\\U").Append(code.ToString("x8", CultureInfo.InvariantCulture));
            }
            return text.Append('\'').ToString();
        }

        private BranchError Refused()
        {
            string words = HostProcess.LogTail(WordsFile);
            int at = words.IndexOf(OtherLayout, StringComparison.Ordinal);
            if (at >= 0) return Mismatch(words.Substring(at + OtherLayout.Length));
            return new BranchError(
                "python_refused", "expected branchxr_unity in this Python, got " + (words == "" ? "an exception; it is in the log" : words),
                Library, "check Python Paths in BranchSettings: the site-packages where branchxr is installed, or choose Beside");
        }
    }
}
