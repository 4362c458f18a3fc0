using System;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using Python.Runtime;
using UnityEngine;

namespace BranchXR
{
    /// <summary>CPython in process, hosted by pythonnet: scripts may `import clr` and use the game's own classes.</summary>
    /// <remarks>For Mono players: pythonnet needs Reflection.Emit, and no domain reloads; see <see cref="EmbeddedCarrier"/>.</remarks>
    public sealed class PythonNetCarrier : InProcessCarrier
    {
        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        private static void Register() { BranchCarriers.PythonNet = () => new PythonNetCarrier(); }

        internal override void Boot(IntPtr address, long bytes, string options)
        {
            try { Load(address, bytes, options); }
            catch (FileNotFoundException error)
            {
                throw new BranchError(
                    "python_runtime_missing", "expected Python.Runtime.dll of pythonnet 3, got " + error.Message, "PythonNetCarrier",
                    "put it into Assets/Plugins, from `pip show -f pythonnet`, or choose Beside", error);
            }
            catch (Exception error) when (error is TypeLoadException || error is MissingMemberException || error is FileLoadException)
            {
                throw new BranchError(
                    "python_runtime_version", "expected Python.Runtime.dll of pythonnet 3, got " + Loaded() + ": " + error.Message,
                    "PythonNetCarrier", "put that of pythonnet 3 into Assets/Plugins, from `pip show -f pythonnet`, or choose Beside", error);
            }
        }

        private static string Loaded()
        {
            foreach (Assembly assembly in AppDomain.CurrentDomain.GetAssemblies())
            {
                if (assembly.GetName().Name == "Python.Runtime") return "version " + assembly.GetName().Version;
            }
            return "another";
        }

        // Apart, and not inlined: the assembly of pythonnet is looked for when a method that names its types is
        // compiled, so that its absence can be caught one method further up.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Load(IntPtr address, long bytes, string options)
        {
            if (!PythonEngine.IsInitialized)
            {
                Environment.SetEnvironmentVariable("PYTHONNOUSERSITE", "1");
                Python.Runtime.Runtime.PythonDLL = Library;
                if (!string.IsNullOrEmpty(Home)) PythonEngine.PythonHome = Home;
                PythonEngine.Initialize(new string[0], false, false);
                PythonEngine.BeginAllowThreads();
                KeepAlive("OnProcessExit", handler => AppDomain.CurrentDomain.ProcessExit -= handler);
                KeepAlive("OnDomainUnload", handler => AppDomain.CurrentDomain.DomainUnload -= handler);
            }
            using (Py.GIL()) Hand(address, bytes, options);
        }

        // pythonnet shuts its engine down when the process ends: 1 to 12 s of collecting garbage (its issue 2008),
        // and a deadlock where a Python thread runs. The process is about to be gone: nothing is lost without.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void KeepAlive(string handler, Action<EventHandler> remove)
        {
            MethodInfo method = typeof(PythonEngine).GetMethod(handler, BindingFlags.Static | BindingFlags.NonPublic);
            if (method != null) remove((EventHandler)Delegate.CreateDelegate(typeof(EventHandler), method, false));
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Hand(IntPtr address, long bytes, string options)
        {
            using (PyObject system = Py.Import("sys"))
            using (PyObject known = system.GetAttr("path"))
            {
                for (int index = Paths.Length - 1; index >= 0; index--)
                {
                    using (var folder = new PyString(Paths[index]))
                    using (var first = new PyInt(0))
                    {
                        if (!known.InvokeMethod("__contains__", folder).IsTrue()) known.InvokeMethod("insert", first, folder).Dispose();
                    }
                }
            }
            using (PyObject layout = Py.Import("branchxr_unity.layout"))
            using (PyObject version = layout.GetAttr("VERSION"))
            {
                if (version.As<int>() != BlockLayout.Version) throw Mismatch(version.ToString());
            }
            using (PyObject inside = Py.Import("branchxr_unity.inside"))
            using (var block = new PyInt(address.ToInt64()))
            using (var size = new PyInt(bytes))
            using (var text = new PyString(options))
            {
                inside.InvokeMethod("start", block, size, text).Dispose();
            }
        }
    }
}
