using System;
using System.IO;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using Python.Runtime;
using UnityEngine;

namespace BranchXR
{
    /// <summary>CPython in the game's own process, hosted by pythonnet. For Mono players.</summary>
    /// <remarks>
    /// One thread starts Python and lets go of its lock for good. From then on both sides only use the block:
    /// no frame takes the lock, and no call crosses.
    /// </remarks>
    public sealed class PythonNetCarrier : IBranchCarrier
    {
        private const int WatchMs = 4;

        private readonly ManualResetEvent isEnding = new ManualResetEvent(false);
        private BranchBlock block;
        private string library, home, options;
        private string[] paths;
        private Thread thread;
        private volatile CarrierState state = CarrierState.Reaching;
        private volatile BranchError fault;

        /// <inheritdoc/>
        public string Name { get { return "in process"; } }

        /// <inheritdoc/>
        public CarrierState State { get { return state; } }

        /// <inheritdoc/>
        public BranchError Fault { get { return fault; } }

        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        private static void Register() { BranchCarriers.InProcess = () => new PythonNetCarrier(); }

        /// <inheritdoc/>
        public void Start(BranchSettings settings, BranchBlock sharedBlock)
        {
            block = sharedBlock;
            library = settings.pythonLibrary;
            home = settings.pythonHome;
            paths = settings.pythonPaths;
            options = Options(settings);
            thread = new Thread(Run) { Name = "BranchXR python", IsBackground = true };
            thread.Start();
        }

        /// <inheritdoc/>
        public void Wake() { }

        /// <inheritdoc/>
        public bool Fence(int deadlineMs)
        {
            // Python sees the fence within 4 ms, unless it is inside a long call: then it finds it there when it
            // comes back, and what it writes until then goes to memory that stays.
            bool isFenced = WaitFor(PythonState.Fenced, deadlineMs);
            return Leave(deadlineMs) && isFenced;
        }

        /// <inheritdoc/>
        public bool Stop(int deadlineMs)
        {
            bool hasEnded = state == CarrierState.Ended || WaitFor(PythonState.Ended, deadlineMs);
            return Leave(deadlineMs) && hasEnded;
        }

        private bool WaitFor(PythonState wanted, int deadlineMs)
        {
            DateTime until = DateTime.UtcNow.AddMilliseconds(deadlineMs);
            while (block.Python != wanted && block.Python != PythonState.Ended)
            {
                if (DateTime.UtcNow > until) return false;
                Thread.Sleep(1);
            }
            return true;
        }

        private bool Leave(int deadlineMs)
        {
            isEnding.Set();
            return thread.Join(deadlineMs);
        }

        private void Run()
        {
            try
            {
                if (!IsAlive) Boot();
                state = CarrierState.Connected;
                while (!isEnding.WaitOne(WatchMs) && IsAlive) { }
            }
            catch (BranchError error) { fault = error; }
            catch (FileNotFoundException error) { fault = Missing(error); }
            catch (Exception error)
            {
                fault = new BranchError(
                    "python_refused", "expected a Python that starts, got " + error.GetType().Name + ": " + error.Message, library,
                    "check Python Library, Python Home and Python Paths in BranchSettings, or choose Beside", error);
            }
            if (!isEnding.WaitOne(0)) state = CarrierState.Ended;
        }

        private bool IsAlive
        {
            get { return block.Python == PythonState.Running || block.Python == PythonState.Fenced; }
        }

        private void Boot()
        {
            PythonInstall.Check(library, home);
            Load();
        }

        // Apart, and not inlined: the assembly of pythonnet is looked for when a method that names its types is
        // compiled, so that its absence can be caught one method further up.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Load()
        {
            if (!PythonEngine.IsInitialized)
            {
                Environment.SetEnvironmentVariable("PYTHONNOUSERSITE", "1");
                Python.Runtime.Runtime.PythonDLL = library;
                if (!string.IsNullOrEmpty(home)) PythonEngine.PythonHome = home;
                PythonEngine.Initialize(new string[0], false, false);
                PythonEngine.BeginAllowThreads();
            }
            using (Py.GIL()) Hand();
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Hand()
        {
            using (PyObject system = Py.Import("sys"))
            using (PyObject known = system.GetAttr("path"))
            {
                for (int index = paths.Length - 1; index >= 0; index--)
                {
                    using (var folder = new PyString(paths[index]))
                    using (var first = new PyInt(0))
                    {
                        if (!known.InvokeMethod("__contains__", folder).IsTrue()) known.InvokeMethod("insert", first, folder).Dispose();
                    }
                }
            }
            using (PyObject inside = Py.Import("branchxr_unity.inside"))
            using (var address = new PyInt(block.Address.ToInt64()))
            using (var size = new PyInt(block.Bytes))
            using (var text = new PyString(options))
            {
                inside.InvokeMethod("start", address, size, text).Dispose();
            }
        }

        private static string Options(BranchSettings settings)
        {
            var lines = new StringBuilder();
            Add(lines, "branch", settings.branch);
            Add(lines, "script", settings.script);
            Add(lines, "name", settings.playerName);
            Add(lines, "key", settings.keyFile);
            if (settings.newSoftKey) Add(lines, "soft_key", "1");
            return lines.ToString();
        }

        private static void Add(StringBuilder lines, string name, string value)
        {
            if (string.IsNullOrEmpty(value)) return;
            lines.Append(name).Append('=').Append(value.Replace("\r", " ").Replace("\n", " ")).Append('\n');
        }

        private static BranchError Missing(FileNotFoundException error)
        {
            return new BranchError(
                "python_runtime_missing", "expected Python.Runtime.dll of pythonnet 3, got " + error.Message, "PythonNetCarrier",
                "put it into Assets/Plugins, from `pip show -f pythonnet`, or choose Beside", error);
        }
    }
}
