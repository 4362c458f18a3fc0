using System;
using UnityEngine.Stub;

namespace UnityEngine
{
    public class Debug
    {
        public static bool isDebugBuild { get { return true; } }

        public static void Log(object message) { LogBook.Write(LogType.Log, message, null); }

        public static void Log(object message, Object context) { LogBook.Write(LogType.Log, message, context); }

        public static void LogWarning(object message) { LogBook.Write(LogType.Warning, message, null); }

        public static void LogWarning(object message, Object context) { LogBook.Write(LogType.Warning, message, context); }

        public static void LogError(object message) { LogBook.Write(LogType.Error, message, null); }

        public static void LogError(object message, Object context) { LogBook.Write(LogType.Error, message, context); }

        public static void LogException(Exception exception) { LogBook.Write(LogType.Exception, exception, null); }

        public static void LogException(Exception exception, Object context)
        {
            LogBook.Write(LogType.Exception, exception, context);
        }
    }
}
