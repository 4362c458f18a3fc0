// As UnityCsReference has it: Runtime/Export/SceneManager/Scene.cs, commit 109dd106.
using System;

namespace UnityEngine.SceneManagement
{
    [Serializable]
    public partial struct Scene
    {
        internal bool exists;

        public bool IsValid() { return exists; }
    }
}
