using System.Collections.Generic;

namespace UnityEngine.Stub
{
    internal struct LogEntry
    {
        internal LogType type;
        internal string text;
        internal Object context;

        public override string ToString() { return type + ": " + text; }
    }

    // Keeps what was logged, from any thread, and prints warnings and worse.
    internal static class LogBook
    {
        private const int Kept = 10000;
        private static readonly List<LogEntry> entries = new List<LogEntry>();

        internal static bool IsLoud = true;

        internal static void Write(LogType type, object message, Object context)
        {
            var entry = new LogEntry { type = type, text = message == null ? "Null" : message.ToString(), context = context };
            lock (entries)
            {
                if (entries.Count < Kept) entries.Add(entry);
            }
            if (IsLoud && type != LogType.Log) System.Console.Error.WriteLine(entry);
        }

        internal static LogEntry[] Take()
        {
            lock (entries)
            {
                LogEntry[] taken = entries.ToArray();
                entries.Clear();
                return taken;
            }
        }
    }
}
