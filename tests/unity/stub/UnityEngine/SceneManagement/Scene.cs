// As UnityCsReference has it: Runtime/Export/SceneManager/Scene.cs, commit 109dd106.
namespace UnityEngine.SceneManagement
{
    public struct Scene
    {
        internal bool exists;

        public bool IsValid() { return exists; }
    }
}
