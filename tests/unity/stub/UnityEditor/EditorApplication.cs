// As UnityCsReference has it: Editor/Mono/EditorApplication.bindings.cs, commit 03c28b9b.
using UnityEngine;

namespace UnityEditor
{
    public sealed class EditorApplication
    {
        public static bool isPlaying { get { return Application.isPlaying; } set { EditorDriver.Play(value); } }
    }
}
