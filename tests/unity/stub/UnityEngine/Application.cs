// As UnityCsReference has it: Runtime/Export/Application/Application.bindings.cs, and the Script Reference of Unity 2021.3.
using UnityEngine.Stub;

namespace UnityEngine
{
    public partial class Application
    {
        public static bool isPlaying { get { return Player.IsPlaying; } }

        public static bool isEditor { get { return Player.IsEditor; } }

        public static RuntimePlatform platform
        {
            get { return Player.IsEditor ? RuntimePlatform.LinuxEditor : RuntimePlatform.LinuxPlayer; }
        }

        public static string dataPath { get { return Player.Folder + "/Assets"; } }

        public static string temporaryCachePath { get { return Player.Folder + "/Temp"; } }
    }
}
