namespace UnityEngine.SceneManagement
{
    public struct Scene
    {
        internal bool exists;

        public bool IsValid() { return exists; }
    }
}
