using System;
using System.Runtime.InteropServices;
using UnityEngine;

namespace BranchXR
{
    /// <summary>The six functions of Python's C API that it takes to start a program; found by name in libpython.</summary>
    internal sealed class PythonApi
    {
        private const int Now = 2;
        private static readonly int global = Application.platform == RuntimePlatform.OSXEditor ? 8 : 0x100;

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate int GetInt();
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate void TakeInt(int value);
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] internal delegate IntPtr GetPointer();
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)] private delegate int TakeText(byte[] text);

        internal readonly GetInt IsInitialized, Ensure;
        internal readonly TakeInt Initialize, Release;
        internal readonly GetPointer SaveThread;
        private readonly TakeText run;

        private PythonApi(Func<string, IntPtr> find)
        {
            IsInitialized = Get<GetInt>(find("Py_IsInitialized"));
            Initialize = Get<TakeInt>(find("Py_InitializeEx"));
            SaveThread = Get<GetPointer>(find("PyEval_SaveThread"));
            Ensure = Get<GetInt>(find("PyGILState_Ensure"));
            Release = Get<TakeInt>(find("PyGILState_Release"));
            run = Get<TakeText>(find("PyRun_SimpleString"));
        }

        /// <summary>Run a program of ASCII; 0 when it raised nothing.</summary>
        internal int Run(string program)
        {
            return run(System.Text.Encoding.ASCII.GetBytes(program + "\0"));
        }

        /// <exception cref="BranchError"><c>python_refused</c>.</exception>
        internal static PythonApi Load(string library)
        {
            bool isWindows = System.IO.Path.DirectorySeparatorChar == '\\';
            // Global: extension modules of manylinux wheels find libpython's functions among the process's own.
            IntPtr handle = isWindows ? LoadLibraryW(library) : Open(library, Now | global);
            if (handle == IntPtr.Zero) throw Refused(library, "one that does not load");
            return new PythonApi(name =>
            {
                IntPtr found = isWindows ? GetProcAddress(handle, name) : Find(handle, name);
                if (found == IntPtr.Zero) throw Refused(library, "one without " + name);
                return found;
            });
        }

        private static T Get<T>(IntPtr function) where T : class
        {
            return (T)(object)Marshal.GetDelegateForFunctionPointer(function, typeof(T));
        }

        private static IntPtr Open(string library, int flags)
        {
            try { return dlopen2(library, flags); }
            catch (DllNotFoundException) { return dlopen(library, flags); }
        }

        private static IntPtr Find(IntPtr handle, string name)
        {
            try { return dlsym2(handle, name); }
            catch (DllNotFoundException) { return dlsym(handle, name); }
        }

        private static BranchError Refused(string library, string came)
        {
            return new BranchError(
                "python_refused", "expected libpython of CPython, got " + came, library,
                "name the full path of libpython3.x.so, python3x.dll or libpython3.x.dylib, or choose Beside");
        }

        // libdl.so has no version where only development files were installed; macOS finds it by that name.
        [DllImport("libdl.so.2", EntryPoint = "dlopen")] private static extern IntPtr dlopen2(string file, int flags);
        [DllImport("libdl.so.2", EntryPoint = "dlsym")] private static extern IntPtr dlsym2(IntPtr handle, string name);
        [DllImport("libdl")] private static extern IntPtr dlopen(string file, int flags);
        [DllImport("libdl")] private static extern IntPtr dlsym(IntPtr handle, string name);
        [DllImport("kernel32", CharSet = CharSet.Unicode)] private static extern IntPtr LoadLibraryW(string file);
        [DllImport("kernel32", CharSet = CharSet.Ansi)] private static extern IntPtr GetProcAddress(IntPtr handle, string name);
    }
}
