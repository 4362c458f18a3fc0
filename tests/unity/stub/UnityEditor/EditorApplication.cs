// As UnityCsReference has it: Editor/Mono/EditorApplication.bindings.cs, Unity 2020.2.0a9.
using UnityEngine;

namespace UnityEditor
{
    public sealed class EditorApplication
    {
        public static bool isPlaying { get { return Application.isPlaying; } set { EditorDriver.Play(value); } }
    }
}
