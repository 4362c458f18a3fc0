using System;
using UnityEngine.Stub;

namespace UnityEngine
{
    public partial class Application
    {
        public delegate void LogCallback(string condition, string stackTrace, LogType type);

        public static bool isPlaying { get { return Player.IsPlaying; } }

        public static bool isEditor { get { return Player.IsEditor; } }

        public static bool runInBackground { get; set; }

        public static RuntimePlatform platform
        {
            get { return Player.IsEditor ? RuntimePlatform.LinuxEditor : RuntimePlatform.LinuxPlayer; }
        }

        public static string dataPath { get { return Player.Folder + "/Assets"; } }

        public static string persistentDataPath { get { return Player.Folder + "/Persistent"; } }

        public static string temporaryCachePath { get { return Player.Folder + "/Temp"; } }

        public static string productName { get { return "Stub"; } }

        public static string version { get { return "0.1"; } }

        public static string unityVersion { get { return "2021.3.0f1"; } }

        public static event LogCallback logMessageReceived;

        public static event LogCallback logMessageReceivedThreaded;

        public static event Action quitting;

        public static void Quit() { Quit(0); }

        public static void Quit(int exitCode) { Player.QuitRequested = true; }

        internal static void RaiseLog(string text, string stack, LogType type)
        {
            if (MainThread.IsCurrent && logMessageReceived != null) logMessageReceived(text, stack, type);
            if (logMessageReceivedThreaded != null) logMessageReceivedThreaded(text, stack, type);
        }

        internal static void RaiseQuitting()
        {
            if (quitting != null) quitting();
        }

        internal static void ForgetListeners()
        {
            logMessageReceived = null;
            logMessageReceivedThreaded = null;
            quitting = null;
        }
    }
}
