using System;
using System.Diagnostics;
using System.Text;
using System.Threading;

namespace BranchXR
{
    /// <summary>CPython in the game's own process; how it is started is what its two children differ in.</summary>
    /// <remarks>
    /// One thread starts Python and lets go of its lock for good. From then on both sides only use the block: no
    /// frame takes the lock, no call crosses, and Python knows no address of this domain's code. That is why a
    /// domain reload can leave Python running, and why the code after it finds Python by the block alone.
    /// </remarks>
    public abstract class InProcessCarrier : IBranchCarrier
    {
        private const int WatchMs = 4, BusyMs = 2000;

        // Lives as long as the process, as Python does: a stage that is switched on after a reload finds it.
        private const string Leaving = "BRANCHXR_LEAVING";

        private readonly ManualResetEvent isEnding = new ManualResetEvent(false);
        private BranchBlock block;
        private Thread thread;
        private volatile CarrierState state = CarrierState.Reaching;
        private volatile BranchError fault;

        /// <inheritdoc/>
        public string Name { get { return "in process"; } }

        /// <inheritdoc/>
        public CarrierState State { get { return state; } }

        /// <inheritdoc/>
        public BranchError Fault { get { return fault; } }

        /// <summary>Full path of libpython.</summary>
        internal string Library { get; private set; }

        /// <summary>Prefix of the installation, or empty.</summary>
        internal string Home { get; private set; }

        /// <summary>Folders to import from, first ones first.</summary>
        internal string[] Paths { get; private set; }

        /// <summary>Where Python says why it did not start.</summary>
        internal string WordsFile { get; private set; }

        /// <inheritdoc/>
        public void Start(BranchSettings settings, BranchBlock sharedBlock)
        {
            block = sharedBlock;
            WordsFile = System.IO.Path.Combine(RunFolder.Path, "python.txt");
            Library = settings.pythonLibrary;
            Home = settings.pythonHome;
            Paths = settings.pythonPaths ?? new string[0];
            string options = Options(settings);
            // What was for a Python that has ended is not for the next one, which is another visit.
            if (!IsAlive) block.EventsOut.Release(block.EventsOut.Written);
            thread = new Thread(() => Run(options)) { Name = "BranchXR python", IsBackground = true };
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
            // It ends once it has read the goodbye; until then nobody may take it for one that goes on.
            if (!hasEnded) Environment.SetEnvironmentVariable(Leaving, block.Identity.ToString("x"));
            return Leave(deadlineMs) && hasEnded;
        }

        /// <summary>The refusal of a Python whose branchxr has another layout: nothing of the block may be touched.</summary>
        internal BranchError Mismatch(string came)
        {
            return new BranchError(
                "layout_mismatch", "expected layout version " + BlockLayout.Version + ", got " + came, Library,
                "use the package that `branchxr unity export` of the same branchxr gives");
        }

        /// <summary>Start Python if it is not, and have it call <c>branchxr_unity.inside.start</c>.</summary>
        internal abstract void Boot(IntPtr address, long bytes, string options);

        private bool IsAlive
        {
            get { return block.Python == PythonState.Running || block.Python == PythonState.Fenced; }
        }

        private void Run(string options)
        {
            try
            {
                AwaitEnd();
                if (isEnding.WaitOne(0)) return;
                if (!IsAlive)
                {
                    PythonInstall.Check(Library, Home);
                    Boot(block.Address, block.Bytes, options);
                }
                state = CarrierState.Connected;
                while (!isEnding.WaitOne(WatchMs) && IsAlive) { }
            }
            catch (BranchError error) { fault = error; }
            catch (Exception error)
            {
                Exception cause = error.GetBaseException(); // a static constructor hides its own
                fault = new BranchError(
                    "python_refused", "expected a Python that starts, got " + cause.GetType().Name + ": " + cause.Message, Library,
                    "check Python Library, Python Home and Python Paths in BranchSettings, or choose Beside", error);
            }
            if (!isEnding.WaitOne(0)) state = CarrierState.Ended;
        }

        // The Python of a stage that was switched off while a script held it up.
        private void AwaitEnd()
        {
            if (Environment.GetEnvironmentVariable(Leaving) != block.Identity.ToString("x")) return;
            var waited = Stopwatch.StartNew();
            while (IsAlive && !isEnding.WaitOne(WatchMs))
            {
                if (fault != null || waited.ElapsedMilliseconds < BusyMs) continue;
                fault = new BranchError(
                    "python_busy", "expected the script of the last run to end, got one that has not yielded since", Library,
                    "it is waited for; let it await: a call that blocks belongs in asyncio.to_thread. One that never ends needs the " +
                    "process started anew, or the carrier Beside");
            }
            if (IsAlive) return;
            fault = null;
            Environment.SetEnvironmentVariable(Leaving, null);
        }

        private bool WaitFor(PythonState wanted, int deadlineMs)
        {
            var waited = Stopwatch.StartNew(); // not the time of day, which may be set back meanwhile
            while (block.Python != wanted && block.Python != PythonState.Ended)
            {
                if (waited.ElapsedMilliseconds > deadlineMs) return false;
                Thread.Sleep(1);
            }
            return true;
        }

        private bool Leave(int deadlineMs)
        {
            isEnding.Set();
            return thread.Join(deadlineMs);
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
    }
}
