using System;
using System.Collections.Generic;
using System.IO;
using System.Text.RegularExpressions;

namespace BranchXR
{
    /// <summary>What can be known of a Python library before it is loaded; loading a wrong one ends the process.</summary>
    internal static class PythonInstall
    {
        private const int OldestMinor = 11;

        /// <exception cref="BranchError">
        /// <c>python_missing</c>, <c>python_version</c>, <c>python_architecture</c>, <c>python_home</c>.
        /// </exception>
        internal static void Check(string library, string home)
        {
            const string Place = "BranchSettings, Python Library";
            if (string.IsNullOrEmpty(library) || !File.Exists(library))
            {
                throw new BranchError(
                    "python_missing", "expected a libpython3.x, got no file '" + library + "'", Place,
                    "name the full path of libpython3.x.so, python3x.dll or libpython3.x.dylib, or choose Beside");
            }
            Match version = Regex.Match(Path.GetFileName(library), @"python3\.?(\d+)");
            // macOS: Python.framework/Versions/3.11/Python
            if (!version.Success) version = Regex.Match(library, @"Versions/3\.(\d+)/Python$");
            if (!version.Success || int.Parse(version.Groups[1].Value) < OldestMinor)
            {
                throw new BranchError(
                    "python_version", "expected Python 3." + OldestMinor + " or newer, got '" + Path.GetFileName(library) + "'",
                    Place, "name a newer one; python3.dll and libpython3.so are not enough");
            }
            string built = Architecture(library), own = OwnArchitecture();
            if (built != own)
            {
                throw new BranchError(
                    "python_architecture", "expected a library for " + own + ", as this process is, got one for " + built, library,
                    "install a Python for " + own);
            }
            CheckHome(library, home, version.Groups[1].Value);
        }

        // Python ends the process, not the call, where it does not find its standard library.
        private static void CheckHome(string library, string home, string minor)
        {
            string place = "BranchSettings, Python Home";
            if (string.IsNullOrEmpty(home))
            {
                home = (Environment.GetEnvironmentVariable("PYTHONHOME") ?? "").Split(Path.PathSeparator)[0];
                place = "the environment, PYTHONHOME";
            }
            if (home == "") return;
            if (HasStandardLibrary(home, minor))
            {
                CheckBuild(library, home, minor, place);
                return;
            }
            throw new BranchError(
                "python_home", "expected a folder with the standard library of Python 3." + minor + ", got '" + home + "'", place,
                "take what `python -c \"import sys; print(sys.base_prefix)\"` prints; a virtual environment is none");
        }

        // Modules of one build are compiled into the library of another: without `_struct` the process ends.
        private static void CheckBuild(string library, string home, string minor, string place)
        {
            string[] own = Libraries(home, minor);
            if (own.Length == 0 || Array.Exists(own, one => AreEqual(one, library))) return;
            throw new BranchError(
                "python_home", "expected the home of '" + library + "', got '" + home + "', whose library is '" + own[0] + "'", place,
                "name library and home of one Python: `python -c \"import sys; print(sys.base_prefix)\"` prints the home");
        }

        private static string[] Libraries(string home, string minor)
        {
            var folders = new List<string> { home, Path.Combine(home, "lib"), Path.Combine(home, "lib64") };
            if (Directory.Exists(folders[1])) folders.AddRange(Directory.GetDirectories(folders[1], "*-linux-gnu*"));
            var found = new List<string>();
            foreach (string folder in folders)
            {
                if (!Directory.Exists(folder)) continue;
                found.AddRange(Directory.GetFiles(folder, "libpython3." + minor + "*.so*"));
                found.AddRange(Directory.GetFiles(folder, "libpython3." + minor + "*.dylib"));
                found.AddRange(Directory.GetFiles(folder, "python3" + minor + ".dll"));
            }
            return found.ToArray();
        }

        private static bool AreEqual(string one, string other)
        {
            byte[] first = new byte[1 << 16], second = new byte[first.Length];
            using (FileStream mine = File.OpenRead(one), theirs = File.OpenRead(other))
            {
                if (mine.Length != theirs.Length) return false;
                for (int count = mine.Read(first, 0, first.Length); count > 0; count = mine.Read(first, 0, first.Length))
                {
                    for (var done = 0; done < count;)
                    {
                        int more = theirs.Read(second, done, count - done);
                        if (more == 0) return false;
                        done += more;
                    }
                    for (var index = 0; index < count; index++) if (first[index] != second[index]) return false;
                }
            }
            return true;
        }

        // The last two: distributions that have it in an archive.
        private static bool HasStandardLibrary(string home, string minor)
        {
            string[] folders = { "lib/python3." + minor, "lib64/python3." + minor, "Lib" };
            string[] archives = { "python3" + minor + ".zip", "lib/python3" + minor + ".zip" };
            return Array.Exists(folders, folder => Directory.Exists(Path.Combine(home, folder, "encodings"))) ||
                Array.Exists(archives, archive => File.Exists(Path.Combine(home, archive)));
        }

        /// <summary>Whether a file is a program or a library of another machine, and surely so.</summary>
        internal static bool IsForeign(string file)
        {
            string built = Architecture(file);
            return built != OwnArchitecture() && (built.EndsWith(" bit", StringComparison.Ordinal) || built.StartsWith("machine ", StringComparison.Ordinal));
        }

        internal static string OwnArchitecture()
        {
            bool isArm = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString().StartsWith("Arm");
            return (isArm ? "arm" : "x86") + (IntPtr.Size == 8 ? " 64 bit" : " 32 bit");
        }

        // ELF: class at 4, machine at 18. Mach-O: magic, CPU type at 4. PE: its header's offset at 0x3c, machine
        // four bytes into it.
        internal static string Architecture(string library)
        {
            var start = new byte[4096];
            int count;
            using (FileStream file = File.OpenRead(library)) count = file.Read(start, 0, start.Length);
            if (count < 64) return "nothing: it is no library";
            if (start[0] == 0x7f && start[1] == 'E') return Machine(BitConverter.ToUInt16(start, 18), 0x3e, 0x03, 0xb7, 0x28);
            if (start[0] == 'M' && start[1] == 'Z')
            {
                int header = BitConverter.ToInt32(start, 0x3c);
                if (header < 0 || header > count - 6) return "an unknown machine";
                return Machine(BitConverter.ToUInt16(start, header + 4), 0x8664, 0x14c, 0xaa64, 0x1c4);
            }
            uint magic = BitConverter.ToUInt32(start, 0);
            if (magic == 0xfeedfacf) return Machine(BitConverter.ToInt32(start, 4), 0x01000007, 7, 0x0100000c, 12);
            return magic == 0xbebafeca ? OwnArchitecture() : "an unknown machine"; // a universal binary has both
        }

        private static string Machine(int machine, int x64, int x86, int arm64, int arm)
        {
            if (machine == x64) return "x86 64 bit";
            if (machine == x86) return "x86 32 bit";
            if (machine == arm64) return "arm 64 bit";
            return machine == arm ? "arm 32 bit" : "machine 0x" + machine.ToString("x");
        }
    }
}
