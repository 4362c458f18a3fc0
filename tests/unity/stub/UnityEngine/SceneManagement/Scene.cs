// As UnityCsReference has it: Runtime/Export/SceneManager/Scene.cs, and the Script Reference of Unity 2021.3.
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
