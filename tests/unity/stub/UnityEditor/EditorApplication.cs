using UnityEngine;

namespace UnityEditor
{
    public sealed class EditorApplication
    {
        public static bool isPlaying { get { return Application.isPlaying; } set { EditorDriver.Play(value); } }
    }
}
